using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Dmkd.Core.Checkpoints;

/// <summary>
/// Reads the published safetensors format as untrusted input. Everything is checked before memory is taken for a tensor, so
/// that no file makes the reader allocate more than its own size: header length, JSON, names, types, shapes, offsets.
/// </summary>
public static class SafeTensorsReader
{
    /// <summary>Reads a file straight into tensor memory.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>The content, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The file breaks a rule of the format; the message names file, tensor and rule.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafeTensorsFile Read(string path)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        return Read(new SafeTensorsSource(file, path));
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <returns>The content, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The bytes break a rule of the format; the message names tensor and rule.</exception>
    public static SafeTensorsFile Read(ReadOnlySpan<byte> bytes) => Read(new SafeTensorsSource(bytes, "safetensors"));

    private static SafeTensorsFile Read(SafeTensorsSource source)
    {
        int headerBytes = ReadHeaderLength(source);
        byte[] json = new byte[headerBytes];
        source.Read(sizeof(ulong), json);
        long dataStart = sizeof(ulong) + headerBytes;
        var header = SafeTensorsHeaderParser.Parse(json, source.Length - dataStart, source.Name);

        using var scope = NewDisposeScope(); // takes the tensors along when a later one fails
        using var noGrad = no_grad();
        var tensors = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var entry in header.Entries) tensors.Add(entry.Name, ReadTensor(source, entry, dataStart));
        return new SafeTensorsFile(tensors, header.Metadata);
    }

    private static int ReadHeaderLength(SafeTensorsSource source)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        source.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        long limit = Math.Min(SafeTensorsHeader.MaxBytes, source.Length - sizeof(ulong));
        if (length > (ulong)limit)
            throw new CheckpointFormatException($"{source.Name}: header length must be in [0, {limit}] for a file of {source.Length} bytes; it is {length}.");
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
                throw new CheckpointFormatException($"{source.Name}: tensor {CheckpointFormatException.Quote(entry.Name)}: a BOOL byte is neither 0 nor 1.");
        }

        return tensor;
    }
}
