using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

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
