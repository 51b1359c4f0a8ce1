using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>
/// Reads the published safetensors format as untrusted input. Everything is checked before memory is taken for a
/// tensor, so that no file makes the reader allocate more than its own size: header length, JSON, names, types, shapes,
/// offsets.
/// </summary>
public static class SafeTensorsReader
{
    /// <summary>Reads a file straight into tensor memory.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>The content, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The file breaks a rule of the format; the message names file, tensor
    /// and rule.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafeTensorsFile Read(string path) => Read(path, isLenient: false);

    /// <summary>Reads a file that another program may have written.</summary>
    internal static SafeTensorsFile Read(string path, bool isLenient)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        return Read(new SafeTensorsSource(file, path), isLenient);
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <returns>The content, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The bytes break a rule of the format; the message names tensor and
    /// rule.</exception>
    public static SafeTensorsFile Read(ReadOnlySpan<byte> bytes) => Read(bytes, isLenient: false);

    /// <summary>Reads what another program may have written.</summary>
    internal static SafeTensorsFile Read(ReadOnlySpan<byte> bytes, bool isLenient) =>
        Read(new SafeTensorsSource(bytes, "safetensors"), isLenient);

    private static SafeTensorsFile Read(SafeTensorsSource source, bool isLenient)
    {
        int headerBytes = ReadHeaderLength(source);
        byte[] json = new byte[headerBytes];
        source.Read(sizeof(ulong), json);
        long dataStart = sizeof(ulong) + headerBytes;
        var header = SafeTensorsHeaderParser.Parse(json, source.Length - dataStart, source.Name, isLenient);

        using var scope = NewDisposeScope(); // takes the tensors along when a later one fails
        using var noGrad = no_grad();
        var tensors = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var entry in header.Entries.Where(entry => entry.Type.IsReadable))
            tensors.Add(entry.Name, ReadTensor(source, entry, dataStart));
        return new SafeTensorsFile(tensors, header.Metadata)
        {
            Unreadable = header
                .Entries.Where(entry => !entry.Type.IsReadable)
                .ToDictionary(entry => entry.Name, entry => entry.Type.Name, StringComparer.Ordinal),
        };
    }

    private static int ReadHeaderLength(SafeTensorsSource source)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        source.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        long limit = Math.Min(SafeTensorsHeader.MaxBytes, source.Length - sizeof(ulong));
        if (length > (ulong)limit)
            throw new CheckpointFormatException(
                $"{source.Name}: header length must be in [0, {limit}] for a file of {source.Length} bytes; it is {length}."
            );
        return (int)length;
    }

    private static Tensor ReadTensor(SafeTensorsSource source, SafeTensorsEntry entry, long dataStart)
    {
        var tensor = empty(entry.Shape, dtype: entry.Type.ScalarType);
        long position = dataStart + entry.Begin;
        foreach (var chunk in TensorMemory.Chunks(tensor))
        {
            source.Read(position, chunk.bytes);
            position += chunk.bytes.Length;
            // Native code takes a bool's byte for 0 or 1; any other value would be undefined behaviour.
            if (entry.Type.ScalarType == ScalarType.Bool && chunk.bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
                throw new CheckpointFormatException(
                    $"{source.Name}: tensor {CheckpointFormatException.Quote(entry.Name)}: a BOOL byte is neither 0 nor 1."
                );
        }

        return tensor;
    }
}
