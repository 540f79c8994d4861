# Stands in for the gem analytics-ruby where gems cannot be installed: what its 2.5.0 puts on the wire, without its queue.
require "json"
require "net/http"

module Segment
  class Analytics
    def initialize(write_key:, host: "api.segment.io", port: 443, path: "/v1/import")
      @write_key, @path, @batch = write_key, path, []
      @http = Net::HTTP.new(host, port)
      @http.use_ssl = true # also with ssl: false
    end

    def identify(user_id:, traits:)
      @batch << { context: { library: { name: "analytics-ruby", version: "2.5.0" } }, type: "identify", userId: user_id, traits: traits }
    end

    def flush
      request = Net::HTTP::Post.new(@path, "Content-Type" => "application/json", "User-Agent" => "analytics-ruby/2.5.0")
      request.basic_auth(@write_key, nil)
      @http.request(request, JSON.generate(sentAt: Time.now.utc.strftime("%FT%T.%L+00:00"), batch: @batch))
    end
  end
end
