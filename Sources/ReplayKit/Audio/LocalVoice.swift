import AudioCodecs
public import Foundation
import Locking

/// A voice of this machine, flite or espeak-ng, for prompts that are text: Webex speaks those itself.
public final class LocalVoice: Sendable {
  /// Text beyond this is not spoken.
  private static let maximumText = 4_000
  /// The longest prompt, in bytes of the file that the voice writes: some five minutes.
  private static let maximumAudio = 16 << 20
  /// How long a voice may take for a prompt, in seconds.
  private static let limit = 30.0

  /// `flite` or `espeak-ng`.
  public let name: String
  private let path: String
  private let spoken = Locked<[String: [Int16]]>([:])

  /// The voice that is installed, flite before espeak-ng; `nil` where there is none.
  public init?(searching path: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") {
    for name in ["flite", "espeak-ng"] {
      for folder in path.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
        self.name = name
        self.path = "\(folder)/\(name)"
        return
      }
    }
    return nil
  }

  /// ``say(_:)``, for those who know no voices.
  public var speaking: @Sendable (String) async -> [Int16]? { { text in await self.say(text) } }

  /// The words at 8,000 Hz; `nil` where the voice fails.
  public func say(_ text: String) async -> [Int16]? {
    if let known = spoken.withLock({ $0[text] }) { return known }
    let samples = await withCheckedContinuation { done in
      DispatchQueue.global().async { done.resume(returning: self.synthesize(String(text.prefix(Self.maximumText)))) }
    }
    if let samples { spoken.withLock { if $0.count < 200 { $0[text] = samples } } }
    return samples
  }

  private func synthesize(_ text: String) -> [Int16]? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments =
      name == "flite"
      ? ["-voice", "slt", "-t", text, "-o", "/dev/stdout"] : ["-v", "en-us", "-s", "150", "--stdout", "--", text]
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardOutput = output
    guard (try? process.run()) != nil else { return nil }
    let clock = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + Self.limit, execute: clock)
    defer { clock.cancel() }
    var bytes: [UInt8] = []
    while let next = try? output.fileHandleForReading.read(upToCount: 65_536), !next.isEmpty {
      bytes += next
      if bytes.count > Self.maximumAudio { process.terminate() }
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return Self.samples(of: bytes)
  }

  /// What a voice writes, at 8,000 Hz: 16 bits, mono, behind the header of 44 bytes that has no length in a pipe. The
  /// rate is the voice's own, as 16,000 (flite) or 22,050 (espeak-ng).
  static func samples(of file: [UInt8]) -> [Int16]? {
    guard file.count > 44, file.starts(with: "RIFF".utf8), file[20..<24].elementsEqual([1, 0, 1, 0]), file[34] == 16,
      file[36..<40].elementsEqual("data".utf8)
    else { return nil }
    let rate = file[24..<28].reversed().reduce(0) { $0 << 8 | Int($1) }
    let samples = AudioEncoding.linear16.decode(Array(file[44...]))
    return try? Resampler.resample(samples, fromAny: rate, to: 8000)
  }
}
