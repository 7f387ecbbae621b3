/// What is known of the end of the caller's turn before, and when, it is over. Only for engines that ask for it
/// (``BotEngine/BotEngine/eagerEnds``).
public enum TurnEvent: Sendable, Equatable {
  /// The caller has been silent for a short while, and their turn may be over: answer as
  /// ``CallerEvent/speechEnded(offset:)`` is answered. All that is done for this turn is held, a transfer too, until
  /// ``over(offset:)`` or ``resumed`` follows. The offset is where the caller was heard last, in milliseconds of the
  /// call's audio.
  case mayBeOver(offset: Int)
  /// The caller goes on, or did something else: the answer to ``mayBeOver(offset:)`` was dropped and never happened.
  /// Forget it, and keep what the caller said before: the turn is still one.
  case resumed
  /// The turn that might have been over is: what was held of its answer is carried out, and what still comes of it.
  /// Takes the place of ``CallerEvent/speechEnded(offset:)``, with its offset.
  case over(offset: Int)
}

/// An event of the call, for an engine that answers turns that may be over.
public enum EagerEvent: Sendable, Equatable {
  /// What happens on the caller's side.
  case caller(CallerEvent)
  /// What is known of the end of their turn.
  case turn(TurnEvent)
}

extension EagerEvent: CustomStringConvertible, CustomDebugStringConvertible {
  /// The event's kind and measure, fit for logs.
  public var description: String {
    switch self {
    case .caller(let event): event.description
    case .turn(.mayBeOver(let offset)): "turn may be over (at \(offset) ms)"
    case .turn(.resumed): "turn resumed"
    case .turn(.over(let offset)): "turn over (at \(offset) ms)"
    }
  }

  /// The same as ``description``.
  public var debugDescription: String { description }
}

/// The events of one call with what is known of the ends of the caller's turns: those of ``CallerEvents``, which share
/// them. Use one of the two.
public struct EagerEvents: AsyncSequence, Sendable {
  /// An event of the call.
  public typealias Element = EagerEvent

  let events: CallerEvents

  /// An iterator. Iterators share the events, each of which goes to one of them: use one.
  public func makeAsyncIterator() -> Iterator { Iterator(events: events) }

  /// Takes events one by one.
  public struct Iterator: AsyncIteratorProtocol {
    let events: CallerEvents

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> EagerEvent? {
      await events.next(isolation: actor)
    }

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next() async -> EagerEvent? { await next(isolation: nil) }
  }
}
