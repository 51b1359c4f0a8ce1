using System.Buffers;
using Dmkd.Core.Tensors;
using Dmkd.Hosting.Lifecycle;

namespace Dmkd.Hosting.Storage;

/// <summary>Weights as files named by their SHA-256, two levels deep: <c>ab/abcdef...</c>.</summary>
internal sealed class FolderWeightStore : IWeightStore, ICollectableWeights
{
    /// <summary>
    /// Ending of a file whose content no longer has its digest; what is stored again takes its place.
    /// </summary>
    private const string Damaged = ".damaged";

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly bool _isPrivate;

    /// <param name="folder">Where they lie; made when it does not exist.</param>
    /// <param name="time">What time it is; null for the machine's.</param>
    /// <param name="isPrivate">Whether they are for their owner alone, and not for silos of other users.</param>
    public FolderWeightStore(string folder, TimeProvider? time = null, bool isPrivate = false)
    {
        _folder = folder;
        _isPrivate = isPrivate;
        _time = time ?? TimeProvider.System;
        Directory.CreateDirectory(folder);
    }

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The disk is full or fails.</exception>
    public async Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string digest = WeightDigest.Of(content.Span);
        string path = PathOf(digest);
        if (File.Exists(path))
        {
            if (await IsSoundAsync(path, digest, cancellationToken))
            {
                // young again: nobody may collect what is about to be named
                File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
                return digest;
            }

            SetAside(path);
        }

        string temporary = Path.Combine(_folder, Path.GetRandomFileName() + ".tmp");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using (var file = new FileStream(temporary, NewFile()))
            {
                await file.WriteAsync(content, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true); // the same content: whoever comes second changes nothing
        }
        catch (IOException e)
        {
            throw new StoreUnavailableException(
                $"Weights {digest}, {content.Length:N0} bytes, could not be stored in {_folder}: {e.Message}"
            );
        }
        finally
        {
            File.Delete(temporary);
        }

        return digest;
    }

    public async Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default)
    {
        string path = PathOf(digest);
        if (!File.Exists(path))
            throw new WeightStoreException(
                File.Exists(path + Damaged)
                    ? $"Weights {digest} in {path}{Damaged} are damaged, and stored nowhere else."
                    : $"Weights {digest} are not in {_folder}."
            );
        byte[] content = await File.ReadAllBytesAsync(path, cancellationToken);
        try
        {
            return WeightNames.Verified(digest, content, path);
        }
        catch (WeightStoreException)
        {
            SetAside(path);
            throw;
        }
    }

    public Task<IReadOnlyList<string>> ListUntouchedSinceAsync(
        DateTimeOffset moment,
        CancellationToken cancellationToken
    )
    {
        var old = new DirectoryInfo(_folder)
            .EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(file => file.LastWriteTimeUtc < moment.UtcDateTime)
            .Select(file => WeightNames.DigestOf(file.Name))
            .OfType<string>();
        return Task.FromResult<IReadOnlyList<string>>([.. old]);
    }

    public Task<long?> RemoveAsync(
        string digest,
        DateTimeOffset moment,
        bool isDryRun,
        CancellationToken cancellationToken
    )
    {
        var file = new FileInfo(PathOf(digest));
        if (!file.Exists || file.LastWriteTimeUtc >= moment.UtcDateTime)
            return Task.FromResult<long?>(null);
        long bytes = file.Length;
        if (!isDryRun)
            file.Delete();
        return Task.FromResult<long?>(bytes);
    }

    private static async Task<bool> IsSoundAsync(string path, string digest, CancellationToken cancellationToken)
    {
        byte[] content = await File.ReadAllBytesAsync(path, cancellationToken);
        return WeightDigest.Of(content) == digest;
    }

    private FileStreamOptions NewFile()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
        };
        return _isPrivate ? OwnerOnly.Created(options) : options;
    }

    private static void SetAside(string path)
    {
        try
        {
            File.Move(path, path + Damaged, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays where it is, and is refused again at the next read.
        }
    }

    private string PathOf(string digest)
    {
        string hex = WeightNames.DigitsOf(digest);
        return Path.Combine(_folder, hex[..2], hex);
    }
}

/// <summary>Digests as names of blobs, and blobs against their names.</summary>
internal static class WeightNames
{
    private const string Algorithm = "sha256:";
    private const int Digits = 64;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>
    /// The digits of a digest. Digests also come over the wire: nothing but digits may become a path or a key.
    /// </summary>
    /// <exception cref="WeightStoreException">It is no digest.</exception>
    public static string DigitsOf(string digest) =>
        digest.StartsWith(Algorithm, StringComparison.Ordinal)
        && digest.Length == Algorithm.Length + Digits
        && !digest.AsSpan(Algorithm.Length).ContainsAnyExcept(HexDigits)
            ? digest[Algorithm.Length..]
            : throw new WeightStoreException(
                $"'{digest}' is no digest: expected {Algorithm} and {Digits} lower-case hexadecimal digits."
            );

    /// <summary>The digest with some digits; null when they are none.</summary>
    public static string? DigestOf(string digits) =>
        digits.Length == Digits && !digits.AsSpan().ContainsAnyExcept(HexDigits) ? Algorithm + digits : null;

    /// <summary>Content that has the digest.</summary>
    /// <exception cref="WeightStoreException">It has another.</exception>
    public static byte[] Verified(string digest, byte[] content, string place)
    {
        string actual = WeightDigest.Of(content);
        return actual == digest
            ? content
            : throw new WeightStoreException($"Weights {digest} in {place} are damaged: their digest is {actual}.");
    }
}

/// <summary>Folders and files for their owner alone, from the moment that they exist.</summary>
internal static class OwnerOnly
{
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        FolderMode = FileMode | UnixFileMode.UserExecute;

    /// <summary>Has a file come into being so; where users have no modes, as its folder says.</summary>
    public static FileStreamOptions Created(FileStreamOptions options)
    {
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = FileMode;
        return options;
    }

    /// <summary>Makes a folder, or closes one that there is.</summary>
    public static void Folder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, FolderMode);
        Close(path, FolderMode);
    }

    /// <summary>Makes an empty file, or closes one that there is.</summary>
    public static void File(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = System.IO.FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        new FileStream(path, Created(options)).Dispose();
        Close(path, FileMode);
    }

    /// <summary>What is somebody else's stays as its owner wants it.</summary>
    private static void Close(string path, UnixFileMode most)
    {
        if (OperatingSystem.IsWindows())
            return;
        var mode = System.IO.File.GetUnixFileMode(path);
        if ((mode & ~most) == 0)
            return;
        try
        {
            System.IO.File.SetUnixFileMode(path, mode & most);
        }
        catch (UnauthorizedAccessException)
        {
            // not ours
        }
    }
}
