import AdminServer
import Basics
import CallGateway
import Dispatch
import Foundation
import HTTPServing
import Locking
import Recordings

/// Lets operators hear those calls of the dashboard that are recorded: `/recordings/<number>` says what there is of a call,
/// `/recordings/<number>/audio` is its audio, in ranges.
///
/// Files are read on a queue of its own, a bounded piece for each request: a disk that stands still costs listeners alone.
/// What was sensitive is silent in the recording itself. The audit trail says what was heard.
final class CallListening: Sendable {
  /// What the paths begin with.
  static let path = "/recordings/"
  /// Bytes of one answer.
  static let maximumPiece = 524_288
  /// Requests that wait for the disk.
  private static let maximumWaiting = 16
  /// A further request for the same recording within this time is the same listening.
  private static let oneListening = Duration.seconds(300)

  private let service: RecordingService
  private let gateway: VoiceGateway
  private let queue = DispatchQueue(label: "listening", qos: .utility)
  private let waiting = Locked(0)
  /// When each recording was last asked for.
  private let heard = Locked<[String: Duration]>([:])

  /// The calls of a gateway, as a service records them.
  init(_ service: RecordingService, of gateway: VoiceGateway) {
    self.service = service
    self.gateway = gateway
  }

  /// Answers a GET request below ``path``, whose token was checked.
  func respond(to request: ServerRequest) -> ServerResponse {
    let parts = request.path.dropFirst(Self.path.count).split(separator: "/", omittingEmptySubsequences: false)
    guard let number = parts.first.flatMap({ Int($0) }), parts.count == 1 || parts.count == 2 && parts[1] == "audio"
    else { return .text(404, "there is nothing of that name") }
    guard let (id, organization) = recording(of: number) else {
      return .text(404, "there is no recording of this call, or the call is not kept any more")
    }
    let isAudio = parts.count == 2
    let range = request.field("Range")
    return onQueue { [self] in
      isAudio ? audio(id, organization, range) : describe(id, organization)
    }
  }

  private func recording(of number: Int) -> (id: String, organization: String)? {
    let status =
      gateway.endedCalls.first { $0.status.number == number }?.status
      ?? gateway.statuses.first { $0.number == number }
    return status.flatMap { status in status.recording.map { ($0, status.organization) } }
  }

  private func onQueue(_ work: @escaping @Sendable () -> ServerResponse) -> ServerResponse {
    let isTaken = waiting.withLock { waiting in
      guard waiting < Self.maximumWaiting else { return false }
      waiting += 1
      return true
    }
    guard isTaken else { return .text(503, "recordings are read by as many as can be, or the disk does not answer") }
    return .later { [self] deliver in
      queue.async { [self] in
        let response = work()
        waiting.withLock { $0 -= 1 }
        deliver(response)
      }
    }
  }

  // MARK: On the queue

  /// What there is of a call, as JSON.
  private struct Description: Encodable {
    /// `live`, `complete`, `incomplete`, `interrupted`, `unreadable`, or `gone`.
    var state: String
    /// Why it cannot be heard; `nil` where it can.
    var reason: String?
    /// Whether it is encrypted on the disk.
    var isSealed = false
    var milliseconds: Int?
    /// Where nothing was kept, since it was sensitive: from and to, in milliseconds.
    var silences: [[Int]] = []
  }

  private func describe(_ id: String, _ organization: String) -> ServerResponse {
    var description = Description(state: "gone")
    do throws(RecordingError) {
      let archive = service.archive
      let entry = try archive.entry(id, of: organization)
      description.state = entry.state.rawValue
      description.isSealed = entry.isSealed
      let hearing = try archive.hearing(of: entry)
      description.milliseconds = hearing.milliseconds
      description.silences = hearing.silences.map { [$0.lowerBound, $0.upperBound] }
    } catch {
      description.reason = error.message
    }
    return .json(200, description)
  }

  private func audio(_ id: String, _ organization: String, _ range: String?) -> ServerResponse {
    do throws(RecordingError) {
      let archive = service.archive
      let entry = try archive.entry(id, of: organization)
      let hearing = try archive.hearing(of: entry)
      var response = ServerResponse(status: 200, contentType: hearing.contentType, body: [])
      response.fields = [("Accept-Ranges", "bytes"), ("Cross-Origin-Resource-Policy", "same-origin")]
      switch ByteRange(range, of: hearing.count) {
      case .unsatisfiable:
        return .text(416, "the recording ends before that", fields: [("Content-Range", "bytes */\(hearing.count)")])
      case .whole:
        guard hearing.count <= Self.maximumPiece else {
          return .text(
            413, "it has \(hearing.count) bytes: ask for ranges, of which each answer has \(Self.maximumPiece) bytes",
            fields: [("Accept-Ranges", "bytes")])
        }
        response.body = try archive.audio(of: entry, from: 0, atMost: hearing.count)
      case .part(let from, let count):
        response.status = 206
        response.body = try archive.audio(of: entry, from: from, atMost: min(count, Self.maximumPiece))
        guard !response.body.isEmpty else { return .text(404, "the recording has changed meanwhile") }
        response.fields.append(
          ("Content-Range", "bytes \(from)-\(from + response.body.count - 1)/\(hearing.count)"))
      }
      note(entry)
      return response
    } catch {
      return .text(error.code == .notFound ? 404 : 409, error.message)
    }
  }

  /// One line of the audit for one listening, not for each of its pieces.
  private func note(_ entry: RecordingArchive.Entry) {
    let now = MonotonicClock.now()
    let isNew = heard.withLock { heard in
      let before = heard[entry.id]
      heard = heard.filter { now - $0.value < Self.oneListening }
      heard[entry.id] = now
      return before.map { now - $0 >= Self.oneListening } ?? true
    }
    if isNew { service.heard(entry, by: "admin port") }
  }
}
