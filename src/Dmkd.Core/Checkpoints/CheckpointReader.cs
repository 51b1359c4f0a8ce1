using static TorchSharp.torch;

namespace Dmkd.Core.Checkpoints;

/// <summary>
/// Reads checkpoints that other programs wrote, as untrusted input: nothing in a file is executed, and memory is taken only after
/// the file has been seen to hold what it claims. The format is told by the content, never by the extension.
/// </summary>
/// <remarks>
/// In a PyTorch file the state dict is the dictionary under the first of the keys <c>state_dict</c>, <c>model_state_dict</c>,
/// <c>model</c>, <c>net</c>, <c>weights</c> that holds tensors (up to three levels deep), else the top-level dictionary itself.
/// Numbers, texts and single-value tensors beside it become metadata; everything else beside it, such as optimiser state, is skipped.
/// A PyTorch file may unpack to at most 4 GiB and 16 times its size (plus 1 MiB); its tensors may take at most 4 times the bytes of
/// the storages they show (plus 1 MiB), because tensors that share memory are copied apart.
/// </remarks>
public static class CheckpointReader
{
    /// <summary>Name of the safetensors format.</summary>
    public const string SafeTensors = "safetensors";

    /// <summary>Name of the zip archives that <c>torch.save</c> writes since version 1.6.</summary>
    public const string PyTorchZip = "pytorch-zip";

    /// <summary>Name of the pickle streams that <c>torch.save</c> wrote before version 1.6.</summary>
    public const string PyTorchLegacy = "pytorch-legacy";

    private const int SignatureBytes = 9;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Path of a safetensors file or of what <c>torch.save</c> wrote.</param>
    /// <returns>The content, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The file is none of the formats or breaks a rule; the message is one line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Checkpoint Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        return DetectFormat(file, path) == SafeTensors ? FromSafeTensors(SafeTensorsReader.Read(path)) : ReadPyTorch(file, path);
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    internal static Checkpoint Read(byte[] bytes, string name)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        return DetectFormat(stream, name) == SafeTensors ? FromSafeTensors(SafeTensorsReader.Read(bytes)) : ReadPyTorch(stream, name);
    }

    private static string DetectFormat(Stream file, string name)
    {
        Span<byte> start = stackalloc byte[SignatureBytes];
        int count = file.ReadAtLeast(start, SignatureBytes, throwOnEndOfStream: false);
        file.Position = 0;
        start = start[..count];
        if (count == SignatureBytes && start[8] == (byte)'{' && start[4..8].IndexOfAnyExcept((byte)0) < 0) return SafeTensors;
        if (start.StartsWith("PK\x03\x04"u8)) return PyTorchZip;
        if (start.StartsWith(TorchLegacyFile.Signature)) return PyTorchLegacy;
        throw new CheckpointFormatException(
            $"{name}: starts with bytes {Convert.ToHexStringLower(start)}; it must be safetensors, a PyTorch zip archive or a PyTorch pickle stream.");
    }

    private static Checkpoint FromSafeTensors(SafeTensorsFile file) => new(SafeTensors, file.Tensors, file.Metadata);

    private static Checkpoint ReadPyTorch(Stream stream, string name)
    {
        bool isZip = DetectFormat(stream, name) == PyTorchZip;
        using ITorchFile file = isZip ? TorchZipFile.Open(stream, name) : TorchLegacyFile.Open(stream, name);
        using var scope = NewDisposeScope(); // takes the tensors along when a later one fails
        using var noGrad = no_grad();
        var state = StateDictFinder.Find(file.Root, name);
        var tensors = StorageTensors.Read(file, state.Tensors);
        var metadata = StateMetadata.Read(file, state.Metadata);
        return new Checkpoint(isZip ? PyTorchZip : PyTorchLegacy, tensors, metadata);
    }
}
