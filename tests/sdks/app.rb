# What Segment's Ruby SDK does on the wire: POST /v1/import over https, Basic auth, and a parsed JSON answer.
require "json"
require "net/http"

host, port = ARGV[0] || "api.segment.io", (ARGV[1] || 443).to_i
http = Net::HTTP.new(host, port)
http.use_ssl = true
http.open_timeout = http.read_timeout = 20

send_batch = lambda do |batch|
  request = Net::HTTP::Post.new("/v1/import", "Content-Type" => "application/json", "Accept" => "application/json", "User-Agent" => "analytics-ruby/2.5.0")
  request.basic_auth("WRITE_KEY_of_an_app", nil)
  answer = http.request(request, JSON.generate(sentAt: "2026-11-23T16:47:44.674+00:00", batch: batch))
  abort "answered #{answer.code}" unless answer.code == "200" && JSON.parse(answer.body)["error"].nil?
end

context = { library: { name: "analytics-ruby", version: "2.5.0" } }
send_batch.call([
  { context: context, type: "identify", userId: "u-1", traits: { name: "Ann", plan: "pro" } },
  { context: context, type: "group", userId: "u-1", groupId: "acme", traits: { name: "Acme", employees: 5 } },
])
send_batch.call((0...100).map { |i| { context: context, type: "identify", userId: "many-#{i}", traits: { i: i } } })
