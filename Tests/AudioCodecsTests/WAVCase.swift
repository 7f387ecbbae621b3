import AudioCodecs
import Testing

/// A crafted file and what it has to be read as.
struct WAVCase: Sendable, CustomTestStringConvertible {
  enum Expected: Sendable {
    case audio(AudioFormat, [UInt8])
    case error(AudioError.Code)
  }

  let name: String
  let bytes: [UInt8]
  let expected: Expected

  var testDescription: String { name }

  static let payload: [UInt8] = (0..<40).map { UInt8(($0 * 37 + 5) % 256) }
  static let pcm = AudioFormat(encoding: .linear16, sampleRate: 8000)
  static let alaw = AudioFormat(encoding: .alaw, sampleRate: 8000)

  static func chunk(_ id: String, _ body: [UInt8], size: UInt32? = nil, pads: Bool = true) -> [UInt8] {
    Array(id.utf8) + little(size ?? UInt32(body.count), 4) + body + (pads && body.count % 2 == 1 ? [0] : [])
  }

  static func little(_ value: UInt32, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) } }

  static func format(_ tag: UInt32, channels: UInt32 = 1, rate: UInt32 = 8000, bits: UInt32 = 16) -> [UInt8] {
    let align = channels * bits / 8
    return little(tag, 2) + little(channels, 2) + little(rate, 4) + little(rate * align, 4) + little(align, 2)
      + little(bits, 2)
  }

  static func extensible(_ tag: UInt32, bits: UInt32) -> [UInt8] {
    format(0xFFFE, bits: bits) + little(22, 2) + little(bits, 2) + little(4, 4) + little(tag, 2)
      + [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
  }

  static func riff(_ chunks: [UInt8]..., size: UInt32? = nil) -> [UInt8] {
    let body = Array("WAVE".utf8) + chunks.flatMap { $0 }
    return Array("RIFF".utf8) + little(size ?? UInt32(body.count), 4) + body
  }

  static let readable: [WAVCase] = [
    WAVCase(
      name: "an odd chunk without padding, then one with an ID3 tag",
      bytes: riff(
        chunk("fmt ", format(1)), chunk("odd ", [1, 2, 3], pads: false), chunk("id3 ", Array("ID3tag".utf8)),
        chunk("data", payload)), expected: .audio(pcm, payload)),
    WAVCase(
      name: "audio of an odd number of bytes without padding, then one with an ID3 tag",
      bytes: riff(
        chunk("data", [1, 2, 3], pads: false), chunk("id3 ", Array("ID3tag".utf8)), chunk("fmt ", format(7, bits: 8))),
      expected: .audio(.telephone, [1, 2, 3])),
    WAVCase(
      name: "16-bit PCM", bytes: riff(chunk("fmt ", format(1)), chunk("data", payload)),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "16-bit PCM at 16,000 Hz", bytes: riff(chunk("fmt ", format(1, rate: 16000)), chunk("data", payload)),
      expected: .audio(AudioFormat(encoding: .linear16, sampleRate: 16000), payload)),
    WAVCase(
      name: "mu-law with a fact chunk",
      bytes: riff(chunk("fmt ", format(7, bits: 8) + [0, 0]), chunk("fact", little(40, 4)), chunk("data", payload)),
      expected: .audio(.telephone, payload)),
    WAVCase(
      name: "A-law with a short format chunk", bytes: riff(chunk("fmt ", format(6, bits: 8)), chunk("data", payload)),
      expected: .audio(alaw, payload)),
    WAVCase(
      name: "extensible PCM", bytes: riff(chunk("fmt ", extensible(1, bits: 16)), chunk("data", payload)),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "extensible mu-law", bytes: riff(chunk("fmt ", extensible(7, bits: 8)), chunk("data", payload)),
      expected: .audio(.telephone, payload)),
    WAVCase(
      name: "odd chunk with padding before the audio",
      bytes: riff(chunk("LIST", [1, 2, 3]), chunk("fmt ", format(1)), chunk("data", payload)),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "odd chunk without its padding",
      bytes: riff(chunk("LIST", [1, 2, 3], pads: false), chunk("fmt ", format(1)), chunk("data", payload)),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "audio of size 0, to the end", bytes: riff(chunk("fmt ", format(1)), chunk("data", payload, size: 0)),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "audio of size 0xFFFFFFFF",
      bytes: riff(chunk("fmt ", format(1)), chunk("data", payload, size: .max), size: .max),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "audio of a size past the end", bytes: riff(chunk("fmt ", format(1)), chunk("data", payload, size: 4000)),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "format after the audio", bytes: riff(chunk("data", payload), chunk("fmt ", format(1))),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "no audio, and a chunk after it",
      bytes: riff(chunk("fmt ", format(1)), chunk("data", []), chunk("LIST", [1, 2, 3, 4])),
      expected: .audio(pcm, [])),
    WAVCase(
      name: "a chunk after the audio",
      bytes: riff(chunk("fmt ", format(1)), chunk("data", payload), chunk("LIST", [9, 9, 9])),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "odd number of bytes of 8-bit audio, padded",
      bytes: riff(chunk("fmt ", format(7, bits: 8)), chunk("data", Array(payload.prefix(39)))),
      expected: .audio(.telephone, Array(payload.prefix(39)))),
    WAVCase(
      name: "a RIFF size of 0", bytes: riff(chunk("fmt ", format(1)), chunk("data", payload), size: 0),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "two format chunks, the first of which counts",
      bytes: riff(chunk("fmt ", format(1)), chunk("fmt ", format(6, bits: 8)), chunk("data", payload)),
      expected: .audio(pcm, payload)),
    WAVCase(
      name: "sixty chunks before the audio",
      bytes: riff(
        Array((0..<60).map { _ in chunk("JUNK", []) }.joined()), chunk("fmt ", format(1)), chunk("data", payload)),
      expected: .audio(pcm, payload)),
  ]

  static let unreadable: [WAVCase] = [
    WAVCase(
      name: "stereo", bytes: riff(chunk("fmt ", format(1, channels: 2)), chunk("data", payload)),
      expected: .error(.unsupportedFile)),
    WAVCase(
      name: "8-bit PCM", bytes: riff(chunk("fmt ", format(1, bits: 8)), chunk("data", payload)),
      expected: .error(.unsupportedFile)),
    WAVCase(
      name: "floating point", bytes: riff(chunk("fmt ", format(3, bits: 32)), chunk("data", payload)),
      expected: .error(.unsupportedFile)),
    WAVCase(
      name: "44,100 Hz", bytes: riff(chunk("fmt ", format(1, rate: 44100)), chunk("data", payload)),
      expected: .error(.unsupportedSampleRate)),
    WAVCase(
      name: "0 Hz", bytes: riff(chunk("fmt ", format(1, rate: 0)), chunk("data", payload)),
      expected: .error(.unsupportedSampleRate)),
    WAVCase(
      name: "a format chunk of 4 bytes", bytes: riff(chunk("fmt ", [1, 0, 1, 0]), chunk("data", payload)),
      expected: .error(.malformedFile)),
    WAVCase(
      name: "a format chunk of 4 GB", bytes: riff(chunk("fmt ", format(1), size: .max), chunk("data", payload)),
      expected: .error(.malformedFile)),
    WAVCase(
      name: "extensible without its extension", bytes: riff(chunk("fmt ", format(0xFFFE)), chunk("data", payload)),
      expected: .error(.malformedFile)),
    WAVCase(
      name: "a hundred chunks before the audio",
      bytes: riff(
        Array((0..<100).map { _ in chunk("JUNK", []) }.joined()), chunk("fmt ", format(1)), chunk("data", payload)),
      expected: .error(.malformedFile)),
  ]

  static let truncated: [WAVCase] = [
    WAVCase(
      name: "ends within the format", bytes: Array(riff(chunk("fmt ", format(1))).prefix(30)),
      expected: .error(.malformedFile)),
    WAVCase(name: "no audio chunk", bytes: riff(chunk("fmt ", format(1))), expected: .error(.malformedFile)),
    WAVCase(
      name: "a chunk of 4 GB before the audio",
      bytes: riff(chunk("fmt ", format(1)), chunk("LIST", [], size: .max), chunk("data", payload)),
      expected: .error(.malformedFile)),
    WAVCase(name: "no format chunk", bytes: riff(chunk("data", payload)), expected: .error(.malformedFile)),
  ]

  static let foreign: [WAVCase] = [
    WAVCase(name: "nothing", bytes: [], expected: .error(.malformedFile)),
    WAVCase(name: "big-endian", bytes: Array("RIFX".utf8) + payload, expected: .error(.unsupportedFile)),
    WAVCase(name: "a video", bytes: Array("RIFF    AVI LIST".utf8) + payload, expected: .error(.unsupportedFile)),
  ]
}
