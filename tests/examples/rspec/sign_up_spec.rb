require "segment/analytics"
require_relative "segment_pendo"
require_relative "sign_up"

RSpec.describe SignUp do
  let(:pendo) { |example| SegmentPendo.new(example.full_description) }
  let(:analytics) { Segment::Analytics.new(write_key: "WRITE_KEY", **pendo.options) }

  it "makes a visitor with a first name" do
    described_class.new(analytics).call(id: "userId1", first_name: "Ann", plan: "pro")
    analytics.flush
    row, = pendo.wait(type: "identify", user: "userId1", trait: "firstName")
    expect(row.dig("delivery", "state")).to eq("delivered")
    expect(JSON.parse(row["body"])["traits"]).to eq("firstName" => "Ann", "plan" => "pro")
    expect(pendo.visitor("userId1")).to eq("firstname" => "Ann", "plan" => "pro")
  end

  it "sees nothing of other tests" do
    expect(pendo.visitor("userId1")).to be_nil
  end
end
