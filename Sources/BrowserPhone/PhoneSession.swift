import AudioCodecs
import GRPCTransport
import Locking
import ReplayKit
import WebSockets
import WebexProtocol

/// One phone: a socket of a page, and the one call that it holds.
final class PhoneSession: WebSocketReceiver {
  /// How long a socket may be open before its call.
  private static let patience: Duration = .seconds(15)
  /// What may be said in a call without a microphone, in all.
  private static let maximumSaid = 20
  /// What may be said in a call without a microphone, in bytes of mu-law: five minutes.
  private static let maximumSaidBytes = 2_400_000

  private struct State {
    var socket: ServerWebSocket?
    var call: PhoneCall?
    var hasCalled = false
    /// The clip that is being received.
    var upload: (name: String, bytes: [UInt8], size: Int)?
    /// A sentence is being made.
    var isSpeaking = false
    var clips: [String] = []
    var saidBytes = 0
  }

  private let desk: PhoneDesk
  private let state = Locked(State())

  init(_ desk: PhoneDesk) { self.desk = desk }

  // MARK: The socket

  func opened(_ socket: ServerWebSocket) {
    state.withLock { $0.socket = socket }
    Task { [weak self] in
      try? await Task.sleep(for: Self.patience)
      guard let self, !state.withLock({ $0.hasCalled }) else { return }
      refuse("No call was placed.")
    }
  }

  func received(_ message: WebSocketMessage) {
    do throws(PhoneRequest.FormatError) {
      perform(try PhoneRequest(message))
    } catch {
      refuse("This is not of the phone's protocol: \(error).")
    }
    // What is heard waits in bounds of its own.
    state.withLock { $0.socket }?.taken(bytes: message.bytes.count)
  }

  func ended(_ end: Result<Void, WebSocketError>) {
    let call = state.withLock { state in
      defer { state.call = nil }
      state.socket = nil
      state.hasCalled = true
      return state.call
    }
    call?.hangUp()
  }

  private func send(_ message: [UInt8]) {
    guard let socket = state.withLock({ $0.socket }) else { return }
    // A page that does not read what happens would show another call than the one there is.
    if !socket.send(message, as: .text) { socket.close(code: 1008) }
  }

  private func refuse(_ reason: String) {
    send(PhoneMessages.refused(reason))
    state.withLock { $0.socket }?.close(code: 1008)
  }

  // MARK: What the page wants

  private func perform(_ request: PhoneRequest) {
    if case .call(let wire, let organization, let agent, let token) = request {
      return place(wire, organization, agent, token)
    }
    guard let call = state.withLock({ $0.call }) else { return }
    switch request {
    case .call: break
    case .press(let key): call.press(key)
    case .microphone(let frames): for frame in frames { call.hear(frame) }
    case .hangUp: call.hangUp()
    case .recording(let id):
      guard let recording = desk.lines.recordings.first(where: { $0.id == id }) else {
        return send(PhoneMessages.note("There is no recording \(id)."))
      }
      say(recording.audio, named: recording.words, in: call)
    case .text(let sentence): speak(sentence, in: call)
    case .clip(let name, let size): state.withLock { $0.upload = (name, [], size) }
    case .part(let bytes): append(bytes, in: call)
    }
  }

  private func place(_ wire: PhoneWire, _ organization: String, _ agent: String, _ token: String?) {
    let isFirst = state.withLock { state in
      defer { state.hasCalled = true }
      return !state.hasCalled
    }
    guard isFirst else { return refuse("A phone's socket is for one call.") }
    guard desk.takePlace() else {
      return refuse("\(PhoneDesk.maximumCalls) phones are calling, and no more may at once. Hang one up.")
    }
    do throws(PhoneLines.PlacingError) {
      let credentials = try desk.lines.credentials(wire, organization, token)
      let route = try desk.lines.route(wire, credentials.token)
      var settings = CallerSettings(conversation: RandomID.make(), organization: credentials.organization)
      settings.agent = agent
      settings.halfCloseDelay = .zero ... .milliseconds(50)
      if wire == .webSocket { settings.chunkBytes = SocketRoute.chunkBytes }
      send(PhoneMessages.placed(conversation: settings.conversation, longest: PhoneDesk.longestCall))
      let call: PhoneCall
      do throws(RPCStatus) {
        call = try PhoneCall(
          settings, over: route, loop: desk.lines.loop(), limit: PhoneDesk.longestCall, voice: desk.lines.voice?.speak
        ) { [self] in tell($0) }
      } catch { throw PhoneLines.PlacingError("The server's own port cannot be called: \(error.message).") }
      let isOpen = state.withLock { state in
        state.call = call
        return state.socket != nil
      }
      if !isOpen { call.hangUp() }
    } catch {
      desk.givePlaceBack()
      refuse(error.description)
    }
  }

  // MARK: What is said without a microphone

  private func append(_ bytes: [UInt8], in call: PhoneCall) {
    let complete = state.withLock { state -> (name: String, bytes: [UInt8])? in
      guard let upload = state.upload else { return nil }
      state.upload?.bytes.append(contentsOf: bytes.prefix(upload.size - upload.bytes.count))
      guard let upload = state.upload, upload.bytes.count == upload.size else { return nil }
      state.upload = nil
      return (upload.name, upload.bytes)
    }
    if let complete { say(complete.bytes, named: complete.name, in: call) }
  }

  private func speak(_ sentence: String, in call: PhoneCall) {
    guard let voice = desk.lines.voice else {
      return send(PhoneMessages.note("There is neither flite nor espeak-ng on the server to speak it with."))
    }
    let isFree = state.withLock { state in
      defer { state.isSpeaking = true }
      return !state.isSpeaking
    }
    guard isFree else { return send(PhoneMessages.note("Another sentence is being made.")) }
    Task {
      let samples = await voice.speak(sentence)
      state.withLock { $0.isSpeaking = false }
      guard let samples else { return send(PhoneMessages.note("\(voice.name) could not speak it.")) }
      let audio = AudioEncoding.mulaw.encode(Array(samples.prefix(PhoneRequest.maximumClip)))
      say(audio, named: "typed", in: call)
    }
  }

  private func say(_ audio: [UInt8], named name: String, in call: PhoneCall) {
    let hasRoom = state.withLock { state in
      guard state.clips.count < Self.maximumSaid, state.saidBytes + audio.count <= Self.maximumSaidBytes else {
        return false
      }
      state.saidBytes += audio.count
      return true
    }
    guard hasRoom else {
      return send(PhoneMessages.note("A call has room for \(Self.maximumSaid) clips, five minutes in all."))
    }
    do throws(AudioError) {
      let clip = try SpokenClip(name: name, wav: WAVFile(format: .telephone, audio: audio), format: .telephone)
      call.say(clip) { [self] isTaken in
        if isTaken {
          state.withLock { $0.clips.append(name) }
        } else {
          send(PhoneMessages.note("Something else is being said."))
        }
      }
    } catch { send(PhoneMessages.note("The clip cannot be said: \(error)")) }
  }

  // MARK: What is new in the call

  private func tell(_ news: PhoneCall.News) {
    switch news {
    case .event(let event, let time):
      send(PhoneMessages.event(event, at: time, clips: state.withLock { $0.clips }))
    case .turn(let index, let turn): send(PhoneMessages.turn(turn, at: index))
    case .audio(let side, let position, let audio):
      // What a slow page cannot take is missing from what it shows, and the call goes on.
      state.withLock { $0.socket }?.send(PhoneMessages.audio(side, position: position, audio), as: .binary)
    case .over(let report):
      desk.givePlaceBack()
      send(PhoneMessages.over(report))
      let socket = state.withLock { state in
        state.call = nil
        return state.socket
      }
      socket?.close()
    }
  }
}
