// The app under test: what it tells Segment when somebody signs up.
exports.signUp = (analytics, { id, firstName, plan, company }) => {
  analytics.identify({ userId: id, traits: { firstName, plan } });
  analytics.group({ userId: id, groupId: company.toLowerCase(), traits: { name: company } });
};
