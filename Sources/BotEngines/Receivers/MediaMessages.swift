import BotEngine
import WebexProtocol
import Wire

// Media that is only received, in the terms of `Protos/bot.proto`.

extension MediaEvent {
  /// The `ServerMessage` on the wire.
  func encoded() -> [UInt8] {
    let builder = MessageBuilder()
    switch self {
    case .sourceAdded(let source):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SOURCE_ADDED, \.source_added, patchbay__bot__media_source__init
      ) {
        $0.id = builder.text(source.id)
        $0.platform_id = builder.text(source.platformID)
        $0.role = source.role.wire
      }
    case .sourceRemoved(let id):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_SOURCE_REMOVED, \.source_removed, patchbay__bot__source_removed__init
      ) { $0.id = builder.text(id) }
    case .roster(let participants):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_ROSTER, \.roster, patchbay__bot__roster__init
      ) { ($0.n_participants, $0.participants) = builder.array(participants.map { $0.build(builder) }) }
    case .audio(let audio):
      // The machines this runs on keep numbers as the wire does.
      return audio.samples.withUnsafeBytes { bytes in
        builder.serverMessage(
          PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_AUDIO, \.media_audio, patchbay__bot__media_audio__init
        ) {
          $0.source = builder.text(audio.source)
          $0.position = UInt64(clamping: audio.position)
          $0.concealed = UInt32(clamping: audio.concealed)
          $0.samples = .init(lending: bytes)
        }
      }
    case .video(let video):
      return video.data.withUnsafeBytes { bytes in
        builder.serverMessage(
          PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_VIDEO, \.media_video, patchbay__bot__media_video__init
        ) {
          $0.source = builder.text(video.source)
          $0.stream = builder.text(video.stream)
          $0.timestamp = video.timestamp
          $0.offset = UInt64(clamping: video.milliseconds)
          $0.follows_loss = video.followsLoss ? 1 : 0
          $0.data = .init(lending: bytes)
        }
      }
    case .sensitive(let isSensitive):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_SENSITIVE, \.media_sensitive, patchbay__bot__sensitive__init
      ) { $0.sensitive = isSensitive ? 1 : 0 }
    case .ended(let end):
      return builder.serverMessage(
        PATCHBAY__BOT__SERVER_MESSAGE__EVENT_MEDIA_ENDED, \.media_ended, patchbay__bot__media_ended__init
      ) { $0.reason = end.wire }
    }
  }
}

extension MediaSessionInfo {
  /// The `ServerMessage` that begins a session's RPC.
  func hello(isResumed: Bool) -> [UInt8] {
    let builder = MessageBuilder()
    let info = builder.make(patchbay__bot__media_info__init)
    info.pointee.organization = builder.text(organization)
    info.pointee.conversation = builder.text(conversation)
    info.pointee.agent = builder.text(agent ?? "")
    info.pointee.tracking = builder.text(trackingID ?? "")
    info.pointee.sample_rate = UInt32(clamping: sampleRate)
    info.pointee.resumed = isResumed ? 1 : 0
    if !parameters.isEmpty {
      info.pointee.parameters = BotValue.build(parameters, builder)
    }
    return builder.serverMessage(PATCHBAY__BOT__SERVER_MESSAGE__EVENT_HELLO, \.hello, patchbay__bot__hello__init) {
      $0.protocol_version = ServerMessageEncoder.version
      $0.kind =
        switch kind {
        case .fork: PATCHBAY__BOT__STREAM_KIND__STREAM_KIND_FORK
        case .meeting: PATCHBAY__BOT__STREAM_KIND__STREAM_KIND_MEETING
        case .call: PATCHBAY__BOT__STREAM_KIND__STREAM_KIND_CALL_COPY
        }
      $0.media = info
    }
  }
}

extension MediaSource.Role {
  fileprivate var wire: Patchbay__Bot__MediaSource__Role {
    switch self {
    case .caller: PATCHBAY__BOT__MEDIA_SOURCE__ROLE__ROLE_CALLER
    case .agent: PATCHBAY__BOT__MEDIA_SOURCE__ROLE__ROLE_AGENT
    case .participant: PATCHBAY__BOT__MEDIA_SOURCE__ROLE__ROLE_PARTICIPANT
    case .unknown: PATCHBAY__BOT__MEDIA_SOURCE__ROLE__ROLE_UNSPECIFIED
    }
  }
}

extension MediaParticipant {
  fileprivate func build(_ builder: MessageBuilder) -> UnsafeMutablePointer<Patchbay__Bot__RosterEntry> {
    let entry = builder.make(patchbay__bot__roster_entry__init)
    entry.pointee.id = builder.text(id)
    entry.pointee.display_name = builder.text(displayName)
    entry.pointee.audio_active = isAudioActive ? 1 : 0
    entry.pointee.video_active = isVideoActive ? 1 : 0
    entry.pointee.cohost = isCohost ? 1 : 0
    entry.pointee.joined_at = joinedAt
    entry.pointee.trust =
      switch trust {
      case .unspecified: PATCHBAY__BOT__ROSTER_ENTRY__TRUST__TRUST_UNSPECIFIED
      case .internal: PATCHBAY__BOT__ROSTER_ENTRY__TRUST__TRUST_INTERNAL
      case .external: PATCHBAY__BOT__ROSTER_ENTRY__TRUST__TRUST_EXTERNAL
      case .unverified: PATCHBAY__BOT__ROSTER_ENTRY__TRUST__TRUST_UNVERIFIED
      }
    return entry
  }
}

extension MediaEnd {
  fileprivate var wire: Patchbay__Bot__MediaEnded__Reason {
    switch self {
    case .completed: PATCHBAY__BOT__MEDIA_ENDED__REASON__REASON_COMPLETED
    case .lost: PATCHBAY__BOT__MEDIA_ENDED__REASON__REASON_LOST
    case .idle: PATCHBAY__BOT__MEDIA_ENDED__REASON__REASON_IDLE
    case .tooLong: PATCHBAY__BOT__MEDIA_ENDED__REASON__REASON_TOO_LONG
    case .shutdown: PATCHBAY__BOT__MEDIA_ENDED__REASON__REASON_SHUTDOWN
    }
  }
}

/// Reads what a server of `Protos/bot.proto` says to media that it only receives.
enum MediaWishes {
  private static let schema = WireSchema(patchbay__bot__bot_message__init, limits: .bot)

  /// The wish of a `BotMessage`; `nil` where it is of another kind, or malformed.
  static func decode(_ message: [UInt8]) -> MediaCommand? {
    let decoder = MessageDecoder<Patchbay__Bot__BotMessage>(schema)
    return message.withUnsafeBytes { bytes in
      guard let message = try? decoder.decode(bytes),
        message.pointer.pointee.command_case == PATCHBAY__BOT__BOT_MESSAGE__COMMAND_MEDIA_WISH,
        let wish = message.pointer.pointee.media_wish?.pointee
      else { return nil }
      return command(wish)
    }
  }

  private static func command(_ wish: Patchbay__Bot__MediaWish) -> MediaCommand? {
    switch wish.wish_case {
    case PATCHBAY__BOT__MEDIA_WISH__WISH_AUDIO_STREAMS: return .requestAudio(streams: Int(min(3, wish.audio_streams)))
    case PATCHBAY__BOT__MEDIA_WISH__WISH_VIDEO:
      guard let video = wish.video?.pointee else { return nil }
      let ids = UnsafeBufferPointer(start: video.participant_ids, count: video.n_participant_ids)
      return .requestVideo(participants: ids.prefix(3).map { BorrowedText($0).string })
    case PATCHBAY__BOT__MEDIA_WISH__WISH_KEYFRAME:
      return .requestKeyframe(stream: BorrowedText(wish.keyframe).string)
    case PATCHBAY__BOT__MEDIA_WISH__WISH_ROSTER: return wish.roster != 0 ? .requestRoster : nil
    case PATCHBAY__BOT__MEDIA_WISH__WISH_END_STREAM: return .endStream(BorrowedText(wish.end_stream).string)
    default: return nil
    }
  }
}
