import YAMLReading

// What can be seen only when all states are read.

extension DialogueReader {
  mutating func check(_ dialogue: Dialogue) {
    checkNames()
    checkReach(dialogue)
    if checkChains(dialogue) { checkLengths(dialogue) }
  }

  /// Entries and data of the same name would hide one another in a transfer.
  private func checkNames() {
    for (name, place) in digitsNames.sorted(by: { $0.value < $1.value }) where metadataNames[name] != nil {
      reading.report(
        place, "`digits_as: \(name)` has the name of something in a transfer's metadata",
        "give one of them another name")
    }
  }

  /// States that no call can come to.
  private func checkReach(_ dialogue: Dialogue) {
    guard !hasLostSteps else { return }
    var next: [[Int]] = Array(repeating: [], count: names.count)
    for step in steps { next[step.from].append(step.to) }
    var isReached = Array(repeating: false, count: names.count)
    var open = [dialogue.start]
    isReached[dialogue.start] = true
    while let index = open.popLast() {
      for target in next[index] where !isReached[target] {
        isReached[target] = true
        open.append(target)
      }
    }
    for (index, state) in names.enumerated() where !isReached[index] {
      reading.report(
        state.place, "no call comes to the state `\(state.name)`", "go to it from another state, or remove it")
    }
  }

  /// States that lead to one another by `then` alone would be said for ever. Whether there are none.
  private func checkChains(_ dialogue: Dialogue) -> Bool {
    var next: [Int: (to: Int, place: YAMLPlace)] = [:]
    for step in steps where step.isThen { next[step.from] = (step.to, step.place) }
    var isSafe = Set<Int>()
    var isFine = true
    for start in names.indices {
      var path: Set<Int> = []
      var index = start
      while let step = next[index], !isSafe.contains(index) {
        guard path.insert(index).inserted else {
          reading.report(
            step.place, "the states around `\(names[index].name)` lead to one another by `then` without ever listening",
            "let one of them listen: write `speech` or `digits` instead of `then`")
          isFine = false
          break
        }
        index = step.to
      }
      isSafe.formUnion(path)
    }
    return isFine
  }

  /// Answers that are longer than the gateway plays. The states' chains have ends.
  private func checkLengths(_ dialogue: Dialogue) {
    var next: [Int: (to: Int, say: Int)] = [:]
    for step in steps where step.isThen { next[step.from] = (step.to, step.say) }
    var lengths: [Int: Int] = [:]
    func length(from start: Int) -> Int {
      var chain: [Int] = []
      var index: Int? = start
      while let current = index, lengths[current] == nil {
        chain.append(current)
        index = next[current]?.to
      }
      for state in chain.reversed() {
        let rest = next[state].map { $0.say + (lengths[$0.to] ?? 0) } ?? 0
        lengths[state] = dialogue.states[state].say.audioBytes + rest
      }
      return lengths[start] ?? 0
    }
    let seconds = Dialogue.maximumAnswer / 8000
    for step in steps where step.say + length(from: step.to) > Dialogue.maximumAnswer {
      reading.report(
        step.place, "what is said from here to where the caller is heard again is over \(seconds) seconds",
        "use shorter sounds, or let a state listen between them")
    }
    if length(from: dialogue.start) > Dialogue.maximumAnswer {
      reading.report(
        names[dialogue.start].place, "what is said before the caller is heard is over \(seconds) seconds",
        "use shorter sounds")
    }
  }
}
