using System.IO.Compression;

namespace Dmkd.Core.Tensors;

/// <summary>
/// A zip archive that <c>torch.save</c> wrote: <c>name/data.pkl</c>, <c>name/data/key</c> per storage, optionally
/// <c>name/byteorder</c>. Sizes that the archive declares are checked before anything is unpacked, and again while it
/// is.
/// </summary>
internal sealed class TorchZipFile : ITorchFile
{
    /// <summary>Most bytes an archive may unpack to.</summary>
    public const long MaxUnpackedBytes = 4L << 30;

    /// <summary>
    /// Most bytes an archive may unpack to, per byte of its own. PyTorch does not compress, so its archives have 1.
    /// </summary>
    public const int MaxExpansion = 16;

    /// <summary>What any archive may unpack to.</summary>
    public const long ExpansionAllowance = 1 << 20;

    private const string PickleName = "data.pkl";

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
    private string _prefix = "";

    private TorchZipFile(ZipArchive archive, string name)
    {
        _archive = archive;
        Name = name;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public object? Root { get; private set; }

    /// <summary>Opens an archive and reads its pickle.</summary>
    /// <param name="stream">The archive. Borrowed; it must outlive the result.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="CheckpointFormatException">It is no such archive, or over a limit.</exception>
    public static TorchZipFile Open(Stream stream, string name)
    {
        var file = new TorchZipFile(
            Guarded(name, () => new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true)),
            name
        );
        try
        {
            Guarded(name, () => ReadDirectory(file._archive, stream.Length, name, file._entries));
            file.RefuseForeignContent();
            byte[] pickle = Guarded(name, file.ReadPickle);
            using var input = new MemoryStream(pickle, writable: false);
            file.Root = RestrictedUnpickler.Read(input, $"{name}: {PickleName}").Root;
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Stream OpenStorage(StorageReference storage, string user)
    {
        string entryName = $"{_prefix}data/{storage.Key}";
        if (!_entries.TryGetValue(entryName, out var entry))
            throw new CheckpointFormatException(
                $"{Name}: {user}: its storage {CheckpointFormatException.Quote(entryName)} is not in the archive."
            );
        if (entry.Length % storage.ElementBytes != 0 || entry.Length / storage.ElementBytes != storage.ElementCount)
            throw new CheckpointFormatException(
                $"{Name}: {user}: storage {CheckpointFormatException.Quote(entryName)} must hold "
                    + $"{storage.ElementCount} values of {storage.ElementBytes} bytes; it has {entry.Length} bytes."
            );
        return Guarded(
            Name,
            () => new ZipEntryStream(entry.Open(), $"{Name}: {CheckpointFormatException.Quote(entryName)}")
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    /// <summary>Reads an archive's directory and checks what it declares.</summary>
    /// <param name="archive">The archive. Borrowed.</param>
    /// <param name="fileBytes">Size of the archive.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="entries">Receives the entries by name.</param>
    internal static bool ReadDirectory(
        ZipArchive archive,
        long fileBytes,
        string name,
        Dictionary<string, ZipArchiveEntry> entries
    )
    {
        long limit = Math.Min(MaxUnpackedBytes, checked(fileBytes * MaxExpansion) + ExpansionAllowance),
            total = 0;
        foreach (var entry in archive.Entries)
        {
            if (!entries.TryAdd(entry.FullName, entry))
                throw new CheckpointFormatException(
                    $"{name}: entry {CheckpointFormatException.Quote(entry.FullName)} comes twice."
                );
            if (entry.Length < 0 || entry.Length > limit - total)
                throw new CheckpointFormatException(
                    $"{name}: entry {CheckpointFormatException.Quote(entry.FullName)} of {entry.Length} bytes: a "
                        + $"file of {fileBytes} bytes may unpack to at most {limit}."
                );
            total += entry.Length;
        }

        return true;
    }

    private void RefuseForeignContent()
    {
        string[] pickles =
        [
            .. _entries
                .Keys.Where(key => key == PickleName || key.EndsWith($"/{PickleName}", StringComparison.Ordinal))
                .Take(2),
        ];
        if (pickles.Length != 1)
            throw new CheckpointFormatException(
                $"{Name}: a PyTorch archive has one entry {PickleName}; this has {(pickles.Length == 0 ? "none" : "several")}."
            );
        _prefix = pickles[0][..^PickleName.Length];
        if (
            _entries.Keys.Any(key =>
                key == $"{_prefix}constants.pkl" || key.StartsWith($"{_prefix}code/", StringComparison.Ordinal)
            )
        )
            throw new CheckpointFormatException(
                $"{Name}: is a TorchScript program, not a state dict; use it as a TorchScript teacher, or "
                    + $"save model.state_dict()."
            );
        if (!_entries.TryGetValue($"{_prefix}byteorder", out var order))
            return;
        if (Guarded(Name, () => ReadEntry(Name, order, 16)).AsSpan().SequenceEqual("little"u8))
            return;
        throw new CheckpointFormatException($"{Name}: byteorder must be 'little'.");
    }

    private byte[] ReadPickle() => ReadEntry(Name, _entries[$"{_prefix}{PickleName}"], PickleLimits.PickleBytes);

    /// <summary>Reads an entry whole.</summary>
    /// <param name="name">What messages call the archive.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="limit">Most bytes that it may have.</param>
    internal static byte[] ReadEntry(string name, ZipArchiveEntry entry, int limit)
    {
        if (entry.Length > limit)
            throw new CheckpointFormatException(
                $"{name}: entry {CheckpointFormatException.Quote(entry.FullName)} must have at most {limit} "
                    + $"bytes; it has {entry.Length}."
            );
        byte[] bytes = new byte[entry.Length];
        using var content = new ZipEntryStream(
            entry.Open(),
            $"{name}: {CheckpointFormatException.Quote(entry.FullName)}"
        );
        content.ReadExactly(bytes);
        if (content.ReadByte() >= 0)
            throw new CheckpointFormatException(
                $"{name}: entry {CheckpointFormatException.Quote(entry.FullName)} unpacks to more than it declares."
            );
        return bytes;
    }

    /// <summary>Turns what the zip library says of broken archives into one kind of exception.</summary>
    internal static T Guarded<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (ZipEntryStream.IsZipProblem(e))
        {
            throw new CheckpointFormatException(
                $"{name}: is no readable zip archive: {e.Message.ReplaceLineEndings(" ")}",
                e
            );
        }
    }
}

/// <summary>A file that <c>torch.save</c> wrote: one pickled object, and the bytes of the storages it names.</summary>
internal interface ITorchFile : IDisposable
{
    /// <summary>What messages call the file.</summary>
    string Name { get; }

    /// <summary>The pickled object; see <see cref="RestrictedUnpickler"/> for its types.</summary>
    object? Root { get; }

    /// <summary>Opens a storage after checking that the file holds exactly the bytes it declares.</summary>
    /// <param name="storage">Storage named by the object.</param>
    /// <param name="user">What messages call the tensor that needs it.</param>
    /// <returns>A stream at the storage's first byte, owned by the caller. Its end is checked by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The storage is missing or of another size.</exception>
    Stream OpenStorage(StorageReference storage, string user);
}

/// <summary>
/// Reads an entry of a hostile archive: whatever the decompressor says about broken data becomes one kind of exception.
/// </summary>
/// <param name="content">The entry's content. Owned.</param>
/// <param name="name">What messages call the entry.</param>
internal sealed class ZipEntryStream(Stream content, string name) : ForwardStream
{
    /// <summary>Whether an exception of the zip library describes the archive's content.</summary>
    public static bool IsZipProblem(Exception e) =>
        e is InvalidDataException or IOException or ArgumentException or NotSupportedException or OverflowException;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return content.Read(buffer);
        }
        catch (Exception e) when (IsZipProblem(e))
        {
            throw new CheckpointFormatException($"{name}: cannot be unpacked: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            content.Dispose();
        base.Dispose(disposing);
    }
}
