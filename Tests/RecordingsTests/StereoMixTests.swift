import Testing

@testable import Recordings

@Suite("Two sides on one clock")
struct StereoMixTests {
  /// All samples of both channels, silence spelled out.
  private func all(_ pieces: [StereoMix.Piece]) -> (left: [Int16], right: [Int16]) {
    var left: [Int16] = []
    var right: [Int16] = []
    for piece in pieces {
      switch piece {
      case .silence(let count):
        left += [Int16](repeating: 0, count: count)
        right += [Int16](repeating: 0, count: count)
      case .audio(let samples):
        left += stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
        right += stride(from: 1, to: samples.count, by: 2).map { samples[$0] }
      }
    }
    return (left, right)
  }

  private func ones(_ count: Int) -> [Int16] { [Int16](repeating: 1, count: count) }

  @Test("Each side is where it was said, with silence between")
  func places() {
    var mix = StereoMix()
    mix.addLeft(ones(10), at: 5)
    mix.addRight([Int16](repeating: 2, count: 10), at: 10)
    let (left, right) = all(mix.removeFirst(upTo: 30))
    #expect(left == [Int16](repeating: 0, count: 5) + ones(10) + [Int16](repeating: 0, count: 15))
    #expect(
      right == [Int16](repeating: 0, count: 10) + [Int16](repeating: 2, count: 10) + [Int16](repeating: 0, count: 10))
  }

  @Test("However it is taken out, it is the same")
  func portions() {
    var seed: UInt64 = 1
    func random(_ bound: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1
      return Int(seed >> 33) % bound
    }
    for _ in 0..<50 {
      var whole = StereoMix()
      var parts = StereoMix()
      var pieces: [StereoMix.Piece] = []
      var place = 0
      for _ in 0..<40 {
        place += random(60)
        let samples = (0..<random(50)).map { _ in Int16(random(1000)) }
        whole.addLeft(samples, at: place)
        parts.addLeft(samples, at: place)
        let reply = (0..<random(20)).map { _ in Int16(random(1000)) }
        whole.addRight(reply, at: place)
        parts.addRight(reply, at: place)
        if random(3) == 0 { pieces += parts.removeFirst(upTo: max(0, place - 5)) }
      }
      pieces += parts.removeFirst(upTo: 10_000)
      let (left, right) = all(pieces)
      let expected = all(whole.removeFirst(upTo: 10_000))
      #expect(left == expected.left)
      #expect(right == expected.right)
    }
  }

  @Test("What the agent had still to say is cut off")
  func cut() {
    var mix = StereoMix()
    mix.addRight(ones(100), at: 0)
    mix.addRight(ones(100), at: 150)
    mix.cutRight(at: 40)
    #expect(all(mix.removeFirst(upTo: 300)).right == ones(40) + [Int16](repeating: 0, count: 260))
  }

  @Test("From the first sensitive sample to the last there is silence of the same length")
  func muted() {
    var mix = StereoMix()
    mix.addLeft(ones(300), at: 0)
    mix.addRight(ones(300), at: 0)
    mix.mute(at: 100)
    let early = all(mix.removeFirst(upTo: 150))
    mix.unmute(at: 200)
    let late = all(mix.removeFirst(upTo: 300))
    let expected = ones(100) + [Int16](repeating: 0, count: 100) + ones(100)
    #expect(early.left + late.left == expected)
    #expect(early.right + late.right == expected)
  }

  @Test("A long pause is given out as silence, not as samples")
  func pause() {
    var mix = StereoMix()
    mix.addLeft(ones(1), at: 1_000_000)
    #expect(mix.removeFirst(upTo: 1_000_001) == [.silence(1_000_000), .audio([1, 0])])
  }
}
