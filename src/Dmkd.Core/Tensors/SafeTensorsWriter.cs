using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>
/// Writes tensors in the published safetensors format: header length (64-bit little-endian), JSON header, values. The
/// form is canonical, so that its digest identifies the content: tensors ordered as the reference implementation orders
/// them (widest type first, then by name, ordinal), metadata by key (ordinal), the header padded with spaces to 8
/// bytes.
/// </summary>
public static class SafeTensorsWriter
{
    /// <summary>Writes tensors, chunk by chunk from their own memory.</summary>
    /// <param name="to">Receives the bytes; stays open.</param>
    /// <param name="tensors">Names and tensors of any shape, in any order. Borrowed.</param>
    /// <param name="metadata">Texts to store beside them.</param>
    /// <exception cref="ArgumentException">A name comes twice or is reserved, or the format has no such element
    /// type.</exception>
    public static void Write(
        Stream to,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(tensors);
        var ordered = Order(tensors);
        Write(to, Describe(ordered, metadata).ToBytes(), ordered);
    }

    /// <summary>
    /// Writes tensors to an array; see
    /// <see cref="Write(Stream, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string})"/>.
    /// </summary>
    /// <exception cref="ArgumentException">As above, or the tensors do not fit an array (2 GB).</exception>
    public static byte[] ToBytes(
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var ordered = Order(tensors);
        var header = Describe(ordered, metadata);
        byte[] json = header.ToBytes();
        long size = sizeof(ulong) + json.Length + header.DataBytes;
        if (size > Array.MaxLength)
            throw new ArgumentException(
                $"An array holds up to {Array.MaxLength} bytes; these tensors take {size}.",
                nameof(tensors)
            );
        byte[] bytes = new byte[size];
        using var stream = new MemoryStream(bytes);
        Write(stream, json, ordered);
        return bytes;
    }

    private static List<KeyValuePair<string, Tensor>> Order(IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        [
            .. tensors
                .OrderBy(pair => TypeOf(pair.Key, pair.Value).FileOrder)
                .ThenBy(pair => pair.Key, StringComparer.Ordinal),
        ];

    private static SafeTensorsType TypeOf(string name, Tensor tensor) =>
        SafeTensorsType.Find(tensor.dtype)
        ?? throw new ArgumentException(
            $"Tensor '{name}' is {tensor.dtype}; a safetensors file holds {SafeTensorsType.Names}.",
            nameof(tensor)
        );

    private static SafeTensorsHeader Describe(
        List<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata
    )
    {
        long position = 0;
        HashSet<string> names = new(StringComparer.Ordinal) { SafeTensorsHeader.MetadataKey };
        List<SafeTensorsEntry> entries = [];
        foreach (var (name, tensor) in tensors)
        {
            if (!names.Add(name))
                throw new ArgumentException($"Tensor name '{name}' comes twice or is reserved.", nameof(tensors));
            var type = TypeOf(name, tensor);
            long end = checked(position + tensor.numel() * type.Bytes);
            entries.Add(new SafeTensorsEntry(name, type, tensor.shape, position, end));
            position = end;
        }

        return new SafeTensorsHeader(entries, metadata ?? new Dictionary<string, string>());
    }

    private static void Write(Stream to, byte[] header, List<KeyValuePair<string, Tensor>> tensors)
    {
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        to.Write(length);
        to.Write(header);
        foreach (var (_, tensor) in tensors)
            WriteValues(to, tensor);
    }

    private static void WriteValues(Stream to, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var chunk in TensorMemory.Chunks(tensor.detach().cpu().contiguous()))
            to.Write(chunk.bytes);
    }
}
