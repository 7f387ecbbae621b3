import BotEngine

/// A call as a value: an event in, the commands that answer it out.
protocol AnsweringConversation {
  mutating func answer(to event: CallerEvent) -> [BotCommand]
}

/// Answers turns of the caller's that may not be over: what such an answer changes counts only once the turn is over.
struct EagerConversation<Conversation: AnsweringConversation> {
  private var conversation: Conversation
  /// As the conversation will be if the turn is over.
  private var guess: Conversation?

  init(_ conversation: Conversation) { self.conversation = conversation }

  mutating func answer(to event: EagerEvent) -> [BotCommand] {
    switch event {
    case .turn(.mayBeOver(let offset)):
      var guess = conversation
      defer { self.guess = guess }
      return guess.answer(to: .speechEnded(offset: offset))
    case .turn(.resumed):
      guess = nil
      return []
    case .turn(.over(let offset)):
      // One that came too late to be told of the guess answers now.
      guard let guess else { return conversation.answer(to: .speechEnded(offset: offset)) }
      conversation = guess
      self.guess = nil
      return []
    case .caller(let event): return conversation.answer(to: event)
    }
  }
}
