using System.Buffers;
using Dmkd.Core.Checkpoints;

namespace Dmkd.Grains.Storage;

/// <summary>Weights as files named by their SHA-256, two levels deep: <c>ab/abcdef...</c>.</summary>
internal sealed class FolderWeightStore : IWeightStore
{
    private const string Algorithm = "sha256:";
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly string _folder;

    public FolderWeightStore(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
    }

    public async Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string digest = WeightDigest.Of(content.Span);
        string path = PathOf(digest);
        if (File.Exists(path)) return digest;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = Path.Combine(_folder, Path.GetRandomFileName() + ".tmp");
        try
        {
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true))
            {
                await file.WriteAsync(content, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true); // the same content: whoever comes second changes nothing
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
        if (!File.Exists(path)) throw new WeightStoreException($"Weights {digest} are not in {_folder}.");
        byte[] content = await File.ReadAllBytesAsync(path, cancellationToken);
        string actual = WeightDigest.Of(content);
        return actual == digest ? content : throw new WeightStoreException($"Weights {digest} in {path} are damaged: their digest is {actual}.");
    }

    private string PathOf(string digest)
    {
        // Digests also come over the wire: nothing but digits may become a path.
        if (!digest.StartsWith(Algorithm, StringComparison.Ordinal) || digest.Length != Algorithm.Length + 64
            || digest.AsSpan(Algorithm.Length).ContainsAnyExcept(HexDigits))
            throw new WeightStoreException($"'{digest}' is no digest: expected sha256: and 64 lower-case hexadecimal digits.");
        string hex = digest[Algorithm.Length..];
        return Path.Combine(_folder, hex[..2], hex);
    }
}
