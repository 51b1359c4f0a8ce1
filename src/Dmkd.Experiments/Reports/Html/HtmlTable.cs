using System.Text;

namespace Dmkd.Experiments.Reports.Html;

/// <summary>A table of the report; the first column names the rows.</summary>
/// <param name="caption">What the numbers are.</param>
/// <param name="columns">Heads of the columns.</param>
internal sealed class HtmlTable(string caption, IReadOnlyList<string> columns)
{
    private readonly StringBuilder _rows = new();

    /// <summary>Adds a row.</summary>
    /// <param name="cells">As many as there are columns.</param>
    /// <param name="main">Whether the row stands out.</param>
    public void Add(IEnumerable<string> cells, bool main = false)
    {
        _rows.Append(main ? "<tr class=\"main\">" : "<tr>");
        foreach (var (index, cell) in cells.Index())
            _rows.Append(index == 0 ? $"<th scope=\"row\">{Svg.Escape(cell)}</th>" : $"<td{(cell.Length > 40 ? " class=\"text\"" : "")}>{Svg.Escape(cell)}</td>");
        _rows.Append("</tr>\n");
    }

    public override string ToString() =>
        $"<div class=\"scroll\"><table><caption>{Svg.Escape(caption)}</caption><thead><tr>{string.Concat(columns.Select(column => $"<th scope=\"col\">{Svg.Escape(column)}</th>"))}</tr></thead>\n<tbody>\n{_rows}</tbody></table></div>\n";
}
