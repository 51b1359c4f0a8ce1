using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchSharp;

namespace Dmkd.Core.Tensors;

/// <summary>Checks that the tensors of a header cover the data behind it exactly.</summary>
internal static class SafeTensorsLayout
{
    /// <summary>Sorts the entries by position and checks sizes, gaps, overlaps and the end.</summary>
    /// <param name="entries">Entries as parsed: no number is negative. Sorted in place.</param>
    /// <param name="dataBytes">Size of the data.</param>
    /// <param name="source">What messages call the file.</param>
    /// <exception cref="CheckpointFormatException">Shapes, offsets and data disagree.</exception>
    public static void Check(List<SafeTensorsEntry> entries, long dataBytes, string source)
    {
        entries.Sort((x, y) => (x.Begin, x.End).CompareTo((y.Begin, y.End)));
        long position = 0;
        foreach (var entry in entries)
        {
            if (Problem(entry, position, dataBytes) is { } problem)
                throw new CheckpointFormatException(
                    $"{source}: tensor {CheckpointFormatException.Quote(entry.Name)}: {problem}."
                );
            position = entry.End;
        }

        if (position != dataBytes)
            throw new CheckpointFormatException(
                $"{source}: {dataBytes - position} bytes follow the last tensor; the header describes {position} of {dataBytes}."
            );
    }

    private static string? Problem(SafeTensorsEntry entry, long position, long dataBytes)
    {
        if (entry.End > dataBytes || entry.Begin > entry.End)
            return $"data_offsets [{entry.Begin}, {entry.End}] are not within the {dataBytes} bytes of data";
        if (SizeOf(entry) is not { } size)
            return $"shape [{string.Join(", ", entry.Shape)}] describes more than 2^63 bytes";
        if (size != entry.End - entry.Begin)
            return $"{entry.Type.Name} of shape [{string.Join(", ", entry.Shape)}] takes {size} bytes, but "
                + $"data_offsets hold {entry.End - entry.Begin}";
        if (entry.Begin == position)
            return null;
        return $"data starts at {entry.Begin}, {(entry.Begin < position ? "inside" : "after a gap behind")} "
            + $"the tensor that ends at {position}";
    }

    private static long? SizeOf(SafeTensorsEntry entry)
    {
        try
        {
            // Also with the zeros left out: libtorch computes strides that way.
            long strides = entry.Type.Bytes;
            foreach (long dimension in entry.Shape)
                strides = checked(strides * Math.Max(dimension, 1));
            return entry.Shape.Contains(0) ? 0 : strides;
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}

/// <summary>One tensor as the header describes it.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Shape; empty for a single value.</param>
/// <param name="Begin">Position of the first byte, counted from the end of the header.</param>
/// <param name="End">Position after the last byte.</param>
internal sealed record SafeTensorsEntry(string Name, SafeTensorsType Type, long[] Shape, long Begin, long End);

/// <summary>An element type of the safetensors format.</summary>
/// <param name="Name">Name in the header, such as <c>F32</c>.</param>
/// <param name="ScalarType">TorchSharp's type; of no meaning for a type that it cannot hold.</param>
/// <param name="Bytes">Size of one element.</param>
internal sealed record SafeTensorsType(string Name, torch.ScalarType ScalarType, int Bytes)
{
    /// <summary>Types of the format that TorchSharp cannot hold: their tensors can only be passed over.</summary>
    private static readonly SafeTensorsType[] Foreign =
    [
        new("U64", torch.ScalarType.Byte, 8),
        new("U32", torch.ScalarType.Byte, 4),
        new("U16", torch.ScalarType.Byte, 2),
        new("C64", torch.ScalarType.Byte, 8),
        new("F8_E4M3", torch.ScalarType.Byte, 1),
        new("F8_E5M2", torch.ScalarType.Byte, 1),
        new("F8_E8M0", torch.ScalarType.Byte, 1),
    ];

    /// <summary>The types in the order of their data in a file: the reference implementation's, widest first.</summary>
    private static readonly SafeTensorsType[] InFileOrder =
    [
        new("I64", torch.ScalarType.Int64, 8),
        new("F64", torch.ScalarType.Float64, 8),
        new("F32", torch.ScalarType.Float32, 4),
        new("I32", torch.ScalarType.Int32, 4),
        new("BF16", torch.ScalarType.BFloat16, 2),
        new("F16", torch.ScalarType.Float16, 2),
        new("I16", torch.ScalarType.Int16, 2),
        new("I8", torch.ScalarType.Int8, 1),
        new("U8", torch.ScalarType.Byte, 1),
        new("BOOL", torch.ScalarType.Bool, 1),
    ];

    /// <summary>Names of all types.</summary>
    public static string Names { get; } = string.Join(", ", InFileOrder.Select(type => type.Name));

    /// <summary>Whether TorchSharp can hold it.</summary>
    public bool IsReadable => FileOrder >= 0;

    /// <summary>Position of this type's tensors in a file; -1 for a type that is only passed over.</summary>
    public int FileOrder => Array.IndexOf(InFileOrder, this);

    /// <summary>The type of that name, or null.</summary>
    public static SafeTensorsType? Find(string? name) => Array.Find(InFileOrder, type => type.Name == name);

    /// <summary>The type of that name that TorchSharp cannot hold, or null.</summary>
    public static SafeTensorsType? FindForeign(string? name) => Array.Find(Foreign, type => type.Name == name);

    /// <summary>The type that holds TorchSharp's, or null.</summary>
    public static SafeTensorsType? Find(torch.ScalarType type) =>
        Array.Find(InFileOrder, known => known.ScalarType == type);
}

/// <summary>The JSON header of a safetensors file.</summary>
/// <param name="Entries">The tensors in the order of their data.</param>
/// <param name="Metadata">Texts by key.</param>
internal sealed record SafeTensorsHeader(
    IReadOnlyList<SafeTensorsEntry> Entries,
    IReadOnlyDictionary<string, string> Metadata
)
{
    /// <summary>Key of the metadata; no tensor can have this name.</summary>
    public const string MetadataKey = "__metadata__";

    /// <summary>Longest header, the reference implementation's limit.</summary>
    public const long MaxBytes = 100_000_000;

    private const int Alignment = 8;
    private const int UsualEntryBytes = 128; // the buffer grows when it is not enough

    // As few escapes as the reference implementation writes; a header is never part of a web page.
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Size of the data that follows the header.</summary>
    public long DataBytes => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>Writes the header, padded with spaces so that the data starts aligned.</summary>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>(UsualEntryBytes * (Entries.Count + 1));
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            WriteMetadata(json);
            foreach (var entry in Entries)
                WriteEntry(json, entry);
            json.WriteEndObject();
        }

        int padding = (Alignment - buffer.WrittenCount % Alignment) % Alignment;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan.ToArray();
    }

    private void WriteMetadata(Utf8JsonWriter json)
    {
        if (Metadata.Count == 0)
            return;
        json.WriteStartObject(MetadataKey);
        foreach (var (key, value) in Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, SafeTensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Type.Name);
        WriteNumbers(json, "shape", entry.Shape);
        WriteNumbers(json, "data_offsets", [entry.Begin, entry.End]);
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
