using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>
/// Named tensors as the bytes of one safetensors file: what is stored, what travels and what is fingerprinted. Reading
/// copies no values and needs no device, so that bytes of a stranger can be judged where they lie.
/// </summary>
/// <remarks>
/// Only the canonical form of <see cref="SafeTensorsWriter"/> is read: one content has one digest, and an update cannot
/// be sent twice under two names by writing its header otherwise.
/// </remarks>
public sealed class TensorBundle
{
    private const string SourceName = "safetensors";

    private readonly OrderedDictionary<string, BundleTensor> _tensors;

    private TensorBundle(OrderedDictionary<string, BundleTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        _tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>The tensors by name, in the file's order.</summary>
    public IReadOnlyDictionary<string, BundleTensor> Tensors => _tensors;

    /// <summary>Texts beside the tensors; may be empty.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads a file that is in memory. The tensors share it.</summary>
    /// <param name="bytes">The whole file. Not to be changed afterwards.</param>
    /// <exception cref="CheckpointFormatException">The bytes break a rule of the format, or are not in the canonical
    /// form.</exception>
    public static TensorBundle Read(ReadOnlyMemory<byte> bytes)
    {
        var json = HeaderOf(bytes);
        var data = bytes[(sizeof(ulong) + json.Length)..];
        var header = SafeTensorsHeaderParser.Parse(json.Span, data.Length, SourceName);
        RequireCanonical(header, json.Span);
        var tensors = new OrderedDictionary<string, BundleTensor>(StringComparer.Ordinal);
        foreach (var entry in header.Entries)
        {
            var values = data[(int)entry.Begin..(int)entry.End];
            tensors.Add(entry.Name, new BundleTensor(entry.Name, entry.Type.ScalarType, entry.Shape, values));
        }

        return new TensorBundle(tensors, header.Metadata);
    }

    /// <summary>Writes a file.</summary>
    /// <param name="tensors">In any order.</param>
    /// <param name="metadata">Texts to store beside them.</param>
    /// <returns>The bytes; equal content gives equal bytes.</returns>
    /// <exception cref="ArgumentException">A name comes twice or is reserved, an element type is unknown, or values do
    /// not fit a shape.</exception>
    public static byte[] Write(IEnumerable<BundleTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        BundleTensor[] ordered = [.. InFileOrder(tensors, tensor => TypeOf(tensor).FileOrder, tensor => tensor.Name)];
        var header = new SafeTensorsHeader(EntriesOf(ordered), metadata ?? new Dictionary<string, string>());
        byte[] json = header.ToBytes();
        byte[] bytes = new byte[sizeof(ulong) + json.Length + header.DataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        json.CopyTo(bytes.AsSpan(sizeof(ulong)));
        var rest = bytes.AsSpan(sizeof(ulong) + json.Length);
        foreach (var tensor in ordered)
        {
            tensor.Values.Span.CopyTo(rest);
            rest = rest[tensor.Values.Length..];
        }

        return bytes;
    }

    private static ReadOnlyMemory<byte> HeaderOf(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < sizeof(ulong))
            throw new CheckpointFormatException($"{SourceName}: {bytes.Length} bytes are too few for a header length.");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span);
        long limit = Math.Min(SafeTensorsHeader.MaxBytes, bytes.Length - sizeof(ulong));
        if (length > (ulong)limit)
            throw new CheckpointFormatException(
                $"{SourceName}: header length must be in [0, {limit}] for a file of {bytes.Length} bytes; it is {length}."
            );
        return bytes.Slice(sizeof(ulong), (int)length);
    }

    private static void RequireCanonical(SafeTensorsHeader header, ReadOnlySpan<byte> json)
    {
        SafeTensorsEntry[] ordered =
        [
            .. InFileOrder(header.Entries, entry => entry.Type.FileOrder, entry => entry.Name),
        ];
        bool isOrdered = header.Entries.SequenceEqual(ordered, ReferenceEqualityComparer.Instance);
        bool isWrittenSo = json.SequenceEqual((header with { Entries = ordered }).ToBytes());
        if (!isOrdered || !isWrittenSo)
            throw new CheckpointFormatException($"{SourceName}: the header is not in the canonical form.");
    }

    private static IOrderedEnumerable<T> InFileOrder<T>(
        IEnumerable<T> items,
        Func<T, int> typeOrder,
        Func<T, string> name
    ) => items.OrderBy(typeOrder).ThenBy(name, StringComparer.Ordinal);

    private static SafeTensorsType TypeOf(BundleTensor tensor) =>
        SafeTensorsType.Find(tensor.Type)
        ?? throw new ArgumentException(
            $"Tensor '{tensor.Name}' is {tensor.Type}; a safetensors file holds {SafeTensorsType.Names}.",
            nameof(tensor)
        );

    private static List<SafeTensorsEntry> EntriesOf(BundleTensor[] ordered)
    {
        HashSet<string> names = new(StringComparer.Ordinal) { SafeTensorsHeader.MetadataKey };
        List<SafeTensorsEntry> entries = [];
        long position = 0;
        foreach (var tensor in ordered)
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException(
                    $"Tensor name '{tensor.Name}' comes twice or is reserved.",
                    nameof(ordered)
                );
            var type = TypeOf(tensor);
            long size = type.Bytes;
            foreach (long dimension in tensor.Shape)
                size = checked(size * dimension);
            if (size != tensor.Values.Length)
                throw new ArgumentException(
                    $"Tensor '{tensor.Name}' takes {size} bytes; its values are {tensor.Values.Length}.",
                    nameof(ordered)
                );
            entries.Add(new SafeTensorsEntry(tensor.Name, type, tensor.Shape, position, position + size));
            position += size;
        }

        return entries;
    }
}

/// <summary>One tensor of a <see cref="TensorBundle"/>: plain little-endian, row-major values.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Shape; empty for a single value.</param>
/// <param name="Values">As many values as the shape has. Shared, not copied.</param>
public sealed record BundleTensor(string Name, ScalarType Type, long[] Shape, ReadOnlyMemory<byte> Values)
{
    /// <summary>A tensor of float64 values.</summary>
    /// <exception cref="ArgumentException">Raised when written: the values do not fit the shape.</exception>
    public static BundleTensor Of(string name, double[] values, params long[] shape) =>
        new(name, ScalarType.Float64, shape, MemoryMarshal.AsBytes<double>(values).ToArray());

    /// <summary>A tensor of whole numbers, one axis.</summary>
    public static BundleTensor Of(string name, long[] values) =>
        new(name, ScalarType.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values).ToArray());

    /// <summary>The values as numbers.</summary>
    /// <typeparam name="T">The number type of <see cref="Type"/>.</typeparam>
    /// <param name="type">Element type that is expected.</param>
    /// <exception cref="CheckpointFormatException">The tensor has another element type.</exception>
    public T[] ValuesAs<T>(ScalarType type)
        where T : unmanaged
    {
        if (Type != type)
            throw new CheckpointFormatException(
                $"Tensor {CheckpointFormatException.Quote(Name)} must be {type}; it is {Type}."
            );
        return MemoryMarshal.Cast<byte, T>(Values.Span).ToArray();
    }
}
