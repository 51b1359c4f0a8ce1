using System.Text;

namespace Dmkd.Core.Tensors;

/// <summary>What a file is, told by its first bytes.</summary>
/// <param name="Format">One of the formats of <see cref="CheckpointReader"/>, or null.</param>
/// <param name="Problem">What it is instead, as the rest of a sentence about the file; null when it is readable.</param>
internal sealed record FileSignature(string? Format, string? Problem)
{
    private const int HeadBytes = 512;
    private const int TarMagicAt = 257;

    /// <summary>What a checkpoint must be, as messages say it.</summary>
    public const string Wanted = "it must be safetensors, a PyTorch zip archive or a PyTorch pickle stream";

    private static readonly (byte[] Start, string What)[] Known =
    [
        ([.. "version https://git-lfs"u8], "is a Git LFS pointer, not the file itself; fetch it with: git lfs pull"),
        ([0x1f, 0x8b], "is compressed with gzip; unpack it first"),
        ([.. "BZh"u8], "is compressed with bzip2; unpack it first"),
        ([0xfd, .. "7zXZ"u8], "is compressed with xz; unpack it first"),
        ([0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd; unpack it first"),
        ([.. "7z"u8, 0xbc, 0xaf], "is a 7z archive; unpack it first"),
        ([.. "Rar!"u8], "is a RAR archive; unpack it first"),
        ([0x89, .. "HDF\r\n"u8], "is an HDF5 file, as Keras writes; save the weights as safetensors"),
        ([.. "GGUF"u8], "is a GGUF file; save the weights as safetensors"),
        ([0x93, .. "NUMPY"u8], "is a NumPy array; save the weights as safetensors"),
        ([.. "%PDF"u8], "is a PDF document"),
    ];

    /// <summary>Whether it may be a JSON document.</summary>
    public bool IsJson { get; private init; }

    /// <summary>Looks at a file's first bytes.</summary>
    /// <param name="file">Seekable, at its start, and left there. Borrowed.</param>
    public static FileSignature Read(Stream file)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        int count = file.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false);
        file.Position = 0;
        return Of(head[..count]);
    }

    /// <summary>Judges the first bytes of a file.</summary>
    /// <param name="head">As many as there are, up to 512.</param>
    public static FileSignature Of(ReadOnlySpan<byte> head)
    {
        if (head.Length > 8 && head[8] == (byte)'{' && head[4..8].IndexOfAnyExcept((byte)0) < 0)
            return new FileSignature(CheckpointReader.SafeTensors, null);
        if (head.StartsWith("PK\x03\x04"u8))
            return new FileSignature(CheckpointReader.PyTorchZip, null);
        if (TorchLegacyFile.IsStart(head))
            return new FileSignature(CheckpointReader.PyTorchLegacy, null);
        return new FileSignature(null, ProblemOf(head)) { IsJson = head.TrimStart(" \t\r\n"u8).StartsWith("{"u8) };
    }

    private static string ProblemOf(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty)
            return "is empty";
        foreach (var (start, what) in Known)
            if (head.StartsWith(start))
                return what;
        if (head.Length > TarMagicAt + 5 && head[TarMagicAt..].StartsWith("ustar"u8))
            return "is a tar archive; unpack it first";
        string text = Encoding.Latin1.GetString(head).TrimStart();
        if (IsPage(text))
            return "is a web page, not a network; a download was answered with a page";
        if (text.StartsWith('{'))
            return $"is a JSON document and no index of shards; {Wanted}";
        if (head is [0x80, >= 2 and <= 5, ..])
            return $"is a pickle that torch.save did not write; save model.state_dict() with torch.save";
        return $"starts with bytes {Convert.ToHexStringLower(head[..Math.Min(head.Length, 9)])}; {Wanted}";
    }

    private static bool IsPage(string text) =>
        text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase);
}
