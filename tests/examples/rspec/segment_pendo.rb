# A session of segment-pendo for each test: an address for the SDK, and what came to it.
require "json"
require "net/http"

class SegmentPendo
  HOME = ENV.fetch("SEGMENT_PENDO_URL", "http://127.0.0.1:4170")

  attr_reader :session

  def initialize(name)
    _, @session = ask("/_/sessions", {}, Net::HTTP::Post, JSON.generate(name: name))
  end

  # What Segment::Analytics.new takes. This SDK insists on https: start segment-pendo with --tls-port.
  def options
    tls = URI(session["tls"])
    { host: tls.host, port: tls.port, path: "#{session["prefix"]}/v1/import" }
  end

  # The rows of calls that match; they have come, and their deliveries have ended.
  def wait(count: 1, seconds: 3, **filters)
    status, answer = ask("/_/wait", { **filters, session: session["id"], count: count, timeout: seconds })
    return answer["calls"] if status == 200

    raise "no #{filters} within #{seconds} s.\n#{missed(**filters)}"
  end

  # What Pendo would hold of a visitor, in lower case as Pendo has it; nil where it holds nothing.
  def visitor(user)
    _, answer = ask("/_/records", { session: session["id"], kind: "visitor", q: user })
    record = answer["records"].find { |one| one["id"] == user }
    record && record["metadata"]["segmentio"]
  end

  private

  def missed(user: nil, trait: nil, **)
    return ask("/_/calls", { session: session["id"] })[1]["calls"].map { |call| call["type"] } unless user && trait

    _, why = ask("/_/why", { session: session["id"], user: user, trait: trait })
    [why["verdict"], *why["lines"].map { |line| "  #{line["label"]}: #{line["text"]}" }].join("\n")
  end

  def ask(path, query, kind = Net::HTTP::Get, body = nil)
    url = URI("#{HOME}#{path}?#{URI.encode_www_form(query)}")
    request = kind.new(url, "X-Segment-Pendo" => "1", "Content-Type" => "application/json")
    answer = Net::HTTP.start(url.host, url.port, nil) { |http| http.request(request, body) }
    parsed = JSON.parse(answer.body)
    raise parsed["error"] unless answer.code.to_i < 300 || answer.code == "408"

    [answer.code.to_i, parsed]
  end
end
