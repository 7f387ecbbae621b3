/// What a conversation is found by: ids of one organization never meet those of another.
struct ConversationKey: Hashable, Sendable {
  /// As verified from the token.
  let organization: String
  /// As the platform numbers it.
  let conversation: String
}
