using System.Buffers.Binary;
using System.Numerics;

namespace Dmkd.Core.Tensors;

/// <summary>
/// The stream that <c>torch.save</c> wrote before zip archives: pickles of a magic number, a version, facts about the
/// machine, the object and the keys of its storages; then per key the number of elements (8 bytes) and the elements.
/// </summary>
internal sealed class TorchLegacyFile : ITorchFile
{
    private const long Version = 1001;

    private static readonly BigInteger Magic = BigInteger.Parse(
        "119547037146038801333356",
        System.Globalization.CultureInfo.InvariantCulture
    );

    private readonly Stream _stream;
    private readonly Dictionary<string, (long Position, long Elements)> _places = new(StringComparer.Ordinal);
    private Dictionary<string, StorageReference> _storages = [];

    private TorchLegacyFile(Stream stream, string name)
    {
        _stream = stream;
        Name = name;
    }

    /// <summary>Most bytes that <see cref="IsStart"/> looks at.</summary>
    public const int SignatureBytes = 17;

    /// <summary>A long of 10 bytes, the first of them the magic number's.</summary>
    private static ReadOnlySpan<byte> MagicStart => [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46];

    /// <summary>Whether a stream starts so: protocol, a frame of protocols 4 and 5, the magic number.</summary>
    public static bool IsStart(ReadOnlySpan<byte> bytes)
    {
        if (bytes is not [0x80, >= 2 and <= 5, .. var rest])
            return false;
        return rest is [0x95, _, _, _, _, _, _, _, _, .. var framed]
            ? framed.StartsWith(MagicStart)
            : rest.StartsWith(MagicStart);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public object? Root { get; private set; }

    /// <summary>Reads the pickles and finds the storages.</summary>
    /// <param name="stream">Seekable. Borrowed; it must outlive the result.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="CheckpointFormatException">It is no such stream, or its storages do not fit.</exception>
    public static TorchLegacyFile Open(Stream stream, string name)
    {
        var file = new TorchLegacyFile(stream, name);
        file.ReadPreamble();
        var main = RestrictedUnpickler.Read(stream, $"{name}: object");
        file.Root = main.Root;
        file._storages = main.Storages;
        file.FindStorages();
        return file;
    }

    /// <inheritdoc/>
    public Stream OpenStorage(StorageReference storage, string user)
    {
        if (!_places.TryGetValue(storage.Key, out var place))
            throw new CheckpointFormatException(
                $"{Name}: {user}: its storage {CheckpointFormatException.Quote(storage.Key)} is not in the file."
            );
        if (storage != _storages[storage.Key])
            throw new CheckpointFormatException(
                $"{Name}: {user}: storage {CheckpointFormatException.Quote(storage.Key)} is declared twice, "
                    + $"with {storage.ElementCount} and {place.Elements} elements or other types."
            );
        _stream.Position = place.Position;
        return new BorrowedStream(_stream, place.Position + place.Elements * storage.ElementBytes);
    }

    /// <inheritdoc/>
    public void Dispose() { }

    private void ReadPreamble()
    {
        object? magic = Part("magic number"),
            version = Part("version"),
            machine = Part("machine");
        if (magic is not BigInteger number || number != Magic)
            throw new CheckpointFormatException($"{Name}: the magic number is not PyTorch's.");
        if (version is not Version)
            throw new CheckpointFormatException(
                $"{Name}: version must be {Version}; it is {(version is long other ? other : "no number")}."
            );
        if (
            machine is PickleDictionary facts
            && facts.TextPairs().Any(fact => fact is { Key: "little_endian", Value: true })
        )
            return;
        throw new CheckpointFormatException($"{Name}: little_endian must be True.");
    }

    private object? Part(string what) => RestrictedUnpickler.Read(_stream, $"{Name}: {what}").Root;

    private void FindStorages()
    {
        if (Part("storage keys") is not PickleList keys)
            throw new CheckpointFormatException($"{Name}: the storage keys are no list.");
        Span<byte> prefix = stackalloc byte[sizeof(long)];
        long length = _stream.Length;
        foreach (object? item in keys.Items)
        {
            if (item is not string key || !_storages.TryGetValue(key, out var storage))
                throw new CheckpointFormatException(
                    $"{Name}: storage {CheckpointFormatException.Quote($"{item}")} is not in the object."
                );
            if (_stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
                throw new CheckpointFormatException(
                    $"{Name}: ends at byte {length}, before storage {CheckpointFormatException.Quote(key)}."
                );
            long count = BinaryPrimitives.ReadInt64LittleEndian(prefix),
                left = length - _stream.Position;
            if (count != storage.ElementCount)
                throw new CheckpointFormatException(
                    $"{Name}: storage {CheckpointFormatException.Quote(key)} must have {storage.ElementCount} "
                        + $"elements; it has {count}."
                );
            if (count > left / storage.ElementBytes)
                throw new CheckpointFormatException(
                    $"{Name}: storage {CheckpointFormatException.Quote(key)} has {count} elements of "
                        + $"{storage.ElementBytes} bytes; {left} bytes are left."
                );
            if (!_places.TryAdd(key, (_stream.Position, count)))
                throw new CheckpointFormatException(
                    $"{Name}: storage {CheckpointFormatException.Quote(key)} comes twice."
                );
            _stream.Position += count * storage.ElementBytes;
        }
    }
}

/// <summary>A stream that is read from its beginning to its end, once.</summary>
internal abstract class ForwardStream : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public abstract override int Read(Span<byte> buffer);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>A part of a stream, from its position to an end. Disposing it leaves the stream open.</summary>
/// <param name="stream">Borrowed.</param>
/// <param name="end">Position after the last byte.</param>
internal sealed class BorrowedStream(Stream stream, long end) : ForwardStream
{
    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) =>
        stream.Read(buffer[..(int)Math.Min(buffer.Length, end - stream.Position)]);
}
