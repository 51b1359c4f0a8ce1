using System.Text;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// The tensors of a checkpoint are not the weights of an architecture. The message is one line; <see cref="Table"/> has
/// the details.
/// </summary>
public sealed class CheckpointMismatchException : Exception
{
    private const int NameColumn = 48;
    private const int ShapeColumn = 24;

    private readonly IReadOnlyList<Row> _rows;

    internal CheckpointMismatchException(
        string architecture,
        IReadOnlyList<KeyValuePair<string, long[]>> missing,
        IReadOnlyList<KeyValuePair<string, long[]>> unexpected,
        IReadOnlyList<WeightShapeMismatch> wronglyShaped
    )
        : base(Summary(architecture, missing, unexpected, wronglyShaped))
    {
        Missing = [.. missing.Select(weight => weight.Key)];
        Unexpected = [.. unexpected.Select(tensor => tensor.Key)];
        WronglyShaped = wronglyShaped;
        _rows =
        [
            .. wronglyShaped.Select(weight => new Row(
                weight.Name,
                Text(weight.Expected),
                $"{Text(weight.Actual)} {weight.ActualType}"
            )),
            .. missing.Select(weight => new Row(weight.Key, Text(weight.Value), "missing")),
            .. unexpected.Select(tensor => new Row(tensor.Key, "unexpected", Text(tensor.Value))),
        ];
    }

    /// <summary>Weights that the checkpoint lacks, by the architecture's names.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Tensors that the architecture has no place for, by the checkpoint's names.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>Weights of another shape or of whole numbers.</summary>
    public IReadOnlyList<WeightShapeMismatch> WronglyShaped { get; }

    /// <summary>
    /// All differences, one per line: name, shape in the architecture, shape in the checkpoint. At most 100 columns.
    /// </summary>
    public string Table()
    {
        var table = new StringBuilder();
        foreach (var (name, expected, actual) in _rows.Prepend(new Row("Weight", "Architecture", "Checkpoint")))
            table.Append(
                $"{Cell(name, NameColumn)}  {Cell(expected, ShapeColumn)}  {Cell(actual, ShapeColumn).TrimEnd()}\n"
            );
        return table.ToString();
    }

    private static string Summary(
        string architecture,
        IReadOnlyList<KeyValuePair<string, long[]>> missing,
        IReadOnlyList<KeyValuePair<string, long[]>> unexpected,
        IReadOnlyList<WeightShapeMismatch> wronglyShaped
    )
    {
        string first;
        if (wronglyShaped.FirstOrDefault(weight => IsWhole(weight.ActualType)) is { } whole)
            first =
                $"{CheckpointFormatException.Quote(whole.Name)} is {whole.ActualType}, whole numbers as quantised "
                + "networks have; save the network in floating point";
        else if (wronglyShaped is [var shaped, ..])
            first =
                $"{CheckpointFormatException.Quote(shaped.Name)} needs {Text(shaped.Expected)} and is "
                + $"{Text(shaped.Actual)} {shaped.ActualType}";
        else if (missing is [var (lacking, _), ..])
            first = $"{CheckpointFormatException.Quote(lacking)} is missing";
        else
            first = $"{CheckpointFormatException.Quote(unexpected[0].Key)} is unexpected";
        return $"The checkpoint does not fit {architecture}: {missing.Count} weights missing, "
            + $"{unexpected.Count} unexpected, {wronglyShaped.Count} of another shape or type; first: {first}.";
    }

    private static bool IsWhole(ScalarType type) =>
        type
            is ScalarType.Byte
                or ScalarType.Int8
                or ScalarType.Int16
                or ScalarType.Int32
                or ScalarType.Int64
                or ScalarType.Bool;

    private static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Fits a text into a column; of a long name the end is kept, which tells more.</summary>
    private static string Cell(string text, int width)
    {
        string line = string.Concat(text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return line.Length <= width ? line.PadRight(width) : $"...{line[^(width - 3)..]}";
    }

    private sealed record Row(string Name, string Expected, string Actual);
}
