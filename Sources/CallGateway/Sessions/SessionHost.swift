import GRPCTransport
import Logging
import TokenVerification
import WebexProtocol

/// What RPCs are brought to: a conversation, a fork, a meeting, the list of agents. On its own loop only.
protocol SessionHost: AnyObject {
  /// It has its place among the sessions.
  func opened()
  /// A line joins; its first message follows.
  func joined(_ line: any SessionLine)
  /// A message, as it came; the bytes are valid within the call.
  func received(_ bytes: UnsafeRawBufferPointer, from rpc: RPCID)
  /// The client sent everything it has.
  func halfClosed(_ rpc: RPCID)
  /// The line is gone, however it ended.
  ///
  /// - Parameter isDelivered: whether the client has all that was sent on it.
  func left(_ rpc: RPCID, isDelivered: Bool)
  /// All that was sent on the line has left.
  func drained(_ rpc: RPCID)
  /// The server's time is up; callers without an open RPC may have some `grace`.
  func shutDown(grace: Duration?)
  /// The caller was lost, and another has been given the place.
  func giveUp()
  /// Another replica has the session by now: nothing more is sent to its client or its bot.
  func lostOwnership()
  /// The server ends: another may go on with the session as soon as nothing is under way.
  func handOut()
  /// After a pause of the process it is known to be this replica's still.
  func confirmedOwnership()
}

extension SessionHost {
  func opened() {}
  func drained(_ rpc: RPCID) {}
  func lostOwnership() { giveUp() }
  func handOut() {}
  func confirmedOwnership() {}
  func shutDown(grace: Duration?) {}
  func giveUp() {}
}

/// What a session talks to: an RPC of its own loop or of another, or whatever else brings messages. On the session's loop.
protocol SessionLine: AnyObject {
  var id: RPCID { get }
  var method: SessionMethod { get }
  /// The `authorization` header, as it came.
  var authorization: String? { get }

  /// Queues an encoded message.
  func send(_ message: [UInt8])
  /// Queues an answer of a conversation, in the form of the line's own wire.
  func send(_ response: VoiceResponse)
  /// Ends the RPC after what was sent; the client may take back an OK for the time of `lingering`.
  func finish(_ status: RPCStatus, lingering: Duration)
  /// A message is not accepted: counts it, ends the RPC, and tells the session that the line has left.
  func refuse(_ error: any Error)
  /// Reads no further message for some time: the audio runs ahead.
  func pause(for time: Duration)
}

/// A line whose session is being looked for. On its own loop.
protocol ArrivingLine: SessionLine {
  var loop: any LoopExecutor { get }
  /// The id shared with Webex support, where the client sent one.
  var trackingID: String? { get }
  /// Whose line it is, for the log: known by and by.
  var subject: Logger.Metadata { get set }
  /// The line is one of this session's.
  func trace(as status: SessionStatus)
}

extension SessionLine {
  /// The caller has hung up before the conversation has begun.
  func answerOver() {
    send(VoiceResponse(events: [.init(.sessionEnd)]))
    finish()
  }

  func send(_ response: VoiceResponse) { send(response.encoded()) }
  func finish(_ status: RPCStatus = .ok) { finish(status, lingering: .zero) }
}

/// The methods whose RPCs belong to sessions.
enum SessionMethod: Sendable {
  case conversation
  case agentList
  /// The same two over WebSocket.
  case socket
  case socketAgentList
  case fork
  case meetingControl
  case meetingMedia

  var schema: SchemaID {
    switch self {
    case .conversation, .agentList: .voiceVirtualAgent
    case .socket, .socketAgentList: .voiceVirtualAgentSocket
    case .fork: .audioForking
    case .meetingControl, .meetingMedia: .mediaIntelligence
    }
  }

  /// Whether the token of a retired tenant opens the RPC, because that might be for a session that is live.
  var admitsRetired: Bool {
    switch self {
    case .conversation, .fork, .meetingControl, .meetingMedia: true
    // A socket begins its conversation and comes back to none.
    case .agentList, .socket, .socketAgentList: false
    }
  }

  /// Time without a message after which an RPC is given up; a meeting whose roster does not change has nothing to say.
  func quietLimit(_ limits: GatewayLimits) -> Duration? {
    switch self {
    case .conversation, .agentList, .socketAgentList: limits.betweenMessages
    case .socket: limits.betweenSocketMessages
    case .fork, .meetingMedia: .seconds(600)
    case .meetingControl: nil
    }
  }

  /// The answer to a client that half-closes before any message.
  var answerToNothing: (message: [UInt8]?, status: RPCStatus) {
    switch self {
    case .conversation, .socket, .meetingControl, .meetingMedia: (nil, .ok)
    case .agentList, .socketAgentList: (nil, RPCStatus(.invalidArgument, "the request is missing"))
    // A stream of nothing was accepted to its end as well.
    case .fork: (ForkResponse.success.encoded(), .ok)
    }
  }
}
