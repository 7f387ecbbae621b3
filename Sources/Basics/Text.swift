extension StringProtocol {
  /// Without white space, or other such characters, at both ends.
  package func trimmed(of isSpace: (Character) -> Bool = \.isWhitespace) -> String {
    String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }

  /// Whether there are only letters and digits of ASCII in it, and these characters.
  package func isWord(with others: String = "") -> Bool {
    utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || others.utf8.contains($0)
    }
  }

  /// Whether all of it can be seen, and is ASCII: no spaces, no control characters.
  package var isVisibleASCII: Bool { utf8.allSatisfy { (0x21...0x7E).contains($0) } }

  /// Fit for people and their terminals: `instead` stands for what a terminal would obey, for what is invisible and for
  /// what turns the writing around; what is longer than `most` scalars is cut.
  package func readable(
    most: Int = .max, instead: (Unicode.Scalar) -> String = { _ in "\u{FFFD}" }
  ) -> String {
    var text = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == most { return text + "…" }
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
        text += instead(scalar)
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
