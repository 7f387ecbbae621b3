import BotEngine
import GRPCTransport
import TokenVerification
import WebexProtocol

extension MediaGateway {
  var meetingMethods: [ServerMethod] {
    let video = settings.meetings.videoStreams > 0 ? Self.maximumVideoMessage : nil
    return [
      ServerMethod(path: "/\(Self.meetingService)/StreamControl") { [self] in accept($0, .meetingControl) },
      ServerMethod(path: "/\(Self.meetingService)/StreamMedia", maximumMessageLength: video) { [self] in
        accept($0, .meetingMedia)
      },
    ]
  }

  /// The meeting that a control stream opens, from its first message.
  func meeting(
    openedBy bytes: UnsafeRawBufferPointer, _ identity: Identity, _ call: SessionCall
  ) throws -> LoopBound<any SessionHost> {
    guard case .open(let open) = try MeetingControl(decoding: bytes) else {
      throw RPCStatus(.invalidArgument, "a control stream begins with stream_open")
    }
    guard open.mediaType == .control || open.mediaType == .unspecified else {
      throw RPCStatus(.invalidArgument, "a control stream opens with the media type CONTROL")
    }
    let key = try key(of: open, identity)
    let info = MediaSessionInfo(
      kind: .meeting, organization: key.organization, conversation: key.conversation,
      trackingID: call.trackingID, parameters: open.parameters,
      sampleRate: settings.meetingRate)
    let worker = workers.on(call.loop)
    return try session(key, kind: .meeting, identity, loop: call.loop) { receivers, status in
      MeetingSession(info: info, status: status, receivers: receivers, media: self, loop: call.loop, worker: worker)
    }
  }

  /// The meeting that a media stream belongs to, from its first message.
  func meeting(
    joinedBy bytes: UnsafeRawBufferPointer, _ identity: Identity, _ call: SessionCall
  ) throws -> LoopBound<any SessionHost> {
    guard case .open(let open) = try workers.on(call.loop).meetings.decode(bytes) else {
      throw RPCStatus(.invalidArgument, "a media stream begins with stream_open")
    }
    guard let meeting = meetings.find(try key(of: open, identity)) else {
      throw RPCStatus(.failedPrecondition, "there is no control stream of this meeting; open that first")
    }
    return meeting
  }

  private func key(of open: MeetingStreamOpen, _ identity: Identity) throws(RPCStatus) -> ConversationKey {
    guard identity.refusal(forMessageOf: open.organizationID) == nil else {
      throw RPCStatus(.permissionDenied, "org_id is not the organization of the token")
    }
    guard !open.conversationID.isEmpty else { throw RPCStatus(.invalidArgument, "conversation_id is empty") }
    return ConversationKey(organization: identity.organization, conversation: open.conversationID)
  }
}
