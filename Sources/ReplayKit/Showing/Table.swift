/// Columns of text.
public enum Table {
  /// A line for each row, the headings first, with columns as wide as their widest cell.
  ///
  /// - Parameter right: the columns that are set flush right, as figures are.
  public static func lines(_ rows: [[String]], right: Set<Int> = []) -> [String] {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { column in
        right.contains(column) ? row[column].padded(left: widths[column]) : row[column].padded(to: widths[column])
      }
      return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
  }
}
