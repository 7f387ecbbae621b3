import Testing

@testable import SpeechDetection

@Suite("Somebody who may have begun to speak")
struct OnsetWatchTests {
  /// What it makes of frames: `#` certain, `+` possible, `.` none; whether somebody is heard after each.
  private func play(_ frames: String, _ watch: inout OnsetWatch) -> (heard: String, over: Int) {
    var over = 0
    let heard = frames.map { frame in
      if watch.advance(frame == "#" ? .certain : frame == "+" ? .possible : .none) { over += 1 }
      return watch.isHeard ? "1" : "0"
    }
    return (heard.joined(), over)
  }

  @Test("is heard after 80 ms of possible speech within 160 ms, of which 40 ms are certain")
  func heard() {
    var watch = OnsetWatch()
    #expect(play("..##.##", &watch).heard == "0000001")
    var soft = OnsetWatch()
    #expect(play("++++.##", &soft).heard == "0000001")
    var scattered = OnsetWatch()
    #expect(!play("#...#...#...#...#...#", &scattered).heard.contains("1"))
    var faint = OnsetWatch()
    #expect(!play("++++++++++++++++++", &faint).heard.contains("1"))
  }

  @Test("has stopped after 260 ms of silence, and not in the gaps of what goes on")
  func over() {
    var watch = OnsetWatch()
    let said = play("####............+#............", &watch)
    #expect(said.over == 0 && said.heard.hasSuffix("1"))
    #expect(play(".", &watch).over == 1)
    #expect(!watch.isHeard)
  }

  @Test("in frames of ten milliseconds just as well")
  func shortFrames() {
    var watch = OnsetWatch(frameMilliseconds: 10)
    #expect(play("########", &watch).heard == "00000001")
    #expect(play(String(repeating: ".", count: 26), &watch).over == 1)
  }
}
