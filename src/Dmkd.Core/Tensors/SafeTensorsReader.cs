using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
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

/// <summary>The bytes of a safetensors file, in memory or on disk.</summary>
internal readonly ref struct SafeTensorsSource
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly SafeFileHandle? _file;

    /// <summary>Bytes in memory.</summary>
    public SafeTensorsSource(ReadOnlySpan<byte> bytes, string name)
    {
        _bytes = bytes;
        Length = bytes.Length;
        Name = name;
    }

    /// <summary>An open file. Borrowed.</summary>
    public SafeTensorsSource(SafeFileHandle file, string name)
    {
        _file = file;
        Length = RandomAccess.GetLength(file);
        Name = name;
    }

    /// <summary>What messages call the file.</summary>
    public string Name { get; }

    /// <summary>Size in bytes.</summary>
    public long Length { get; }

    /// <summary>Fills a span with the bytes from a position on.</summary>
    /// <exception cref="CheckpointFormatException">The bytes end before the span is full.</exception>
    public void Read(long position, Span<byte> target)
    {
        while (target.Length > 0)
        {
            int count = _file is null ? ReadMemory(position, target) : RandomAccess.Read(_file, target, position);
            if (count == 0)
                throw new CheckpointFormatException(
                    $"{Name}: ends at byte {position}; {target.Length} more are needed."
                );
            target = target[count..];
            position += count;
        }
    }

    private int ReadMemory(long position, Span<byte> target)
    {
        var rest = _bytes[(int)Math.Min(position, _bytes.Length)..];
        int count = Math.Min(rest.Length, target.Length);
        rest[..count].CopyTo(target);
        return count;
    }
}

/// <summary>What a safetensors file holds. Owns its tensors.</summary>
public sealed class SafeTensorsFile : IDisposable
{
    internal SafeTensorsFile(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
        foreach (var tensor in tensors.Values)
            tensor.DetachFromDisposeScope();
    }

    /// <summary>The tensors by name, on the CPU, in the file's order. They live until the file is disposed.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>Texts stored beside the tensors; may be empty.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Types of the tensors that were passed over, by name; see <see cref="Checkpoint.Unreadable"/>.</summary>
    internal IReadOnlyDictionary<string, string> Unreadable { get; init; } = new Dictionary<string, string>();

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
    }
}
