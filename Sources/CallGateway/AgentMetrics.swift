import BotEngine
import Metrics
import WebexProtocol

/// What the operators see of one agent's calls: their turns, and how long callers and the bot take.
final class AgentMetrics: Sendable {
  private let agent: String
  /// From the decision that the caller's turn is over to the first of the answer; and from the caller's last sound.
  private let answer: Timer
  private let callerWait: Timer
  private let firstAudio: Timer
  private let bargeInStop: Timer

  init(agent: String) {
    self.agent = agent
    func timer(_ label: String) -> Timer { Timer(label: label, dimensions: [("agent", agent)]) }
    answer = timer("patchbay_answer_seconds")
    callerWait = timer("patchbay_caller_wait_seconds")
    firstAudio = timer("patchbay_bot_first_audio_seconds")
    bargeInStop = timer("patchbay_barge_in_stop_seconds")
  }

  /// A turn is the bot's.
  func handedOver(_ event: CallerEvent) {
    guard let kind = event.turnKind else { return }
    Counter(label: "patchbay_turns_total", dimensions: [("agent", agent), ("kind", kind)]).increment()
  }

  /// The first of the answer goes out; `silence` is how long the caller had been silent when the turn was over.
  func answered(after time: Duration, silence: Duration?) {
    answer.recordNanoseconds(time.nanoseconds)
    if let silence { callerWait.recordNanoseconds((time + silence).nanoseconds) }
  }

  /// What became of the answers that the bots of calls prepared while the caller might have finished.
  func prepared(_ answers: (begun: Int, used: Int, dropped: Int)) {
    for (outcome, count) in [("held", answers.begun), ("used", answers.used), ("dropped", answers.dropped)]
    where count > 0 {
      Counter(label: "patchbay_eager_answers_total", dimensions: [("agent", agent), ("outcome", outcome)])
        .increment(by: count)
    }
  }

  func botSpoke(after time: Duration) { firstAudio.recordNanoseconds(time.nanoseconds) }

  /// A filler is heard.
  func filled(_ reason: FillerReason) {
    Counter(label: "patchbay_fillers_total", dimensions: [("agent", agent), ("reason", reason.rawValue)]).increment()
  }

  /// A prompt that was paused goes on, or does not.
  func paused(_ end: ConversationStateMachine.PauseEnd) {
    Counter(label: "patchbay_prompt_pauses_total", dimensions: [("agent", agent), ("end", end.rawValue)]).increment()
  }

  /// The caller interrupted; what the bot says is stopped so long after their first sound.
  func stopped(after time: Duration) { bargeInStop.recordNanoseconds(time.nanoseconds) }
}

extension CallerEvent {
  /// What kind of turn it hands to the bot; `nil` where it hands it none.
  var turnKind: String? {
    switch self {
    case .started: "start"
    case .speechEnded: "speech"
    case .digits: "digits"
    case .noInput: "no_input"
    case .custom: "event"
    case .speechStarted, .audio, .interrupted, .mark, .ended: nil
    }
  }
}
