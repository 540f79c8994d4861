# The app under test: what it tells Segment when somebody signs up.
class SignUp
  def initialize(analytics)
    @analytics = analytics
  end

  def call(id:, first_name:, plan:)
    @analytics.identify(user_id: id, traits: { firstName: first_name, plan: plan })
  end
end
