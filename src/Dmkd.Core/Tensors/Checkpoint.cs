using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>The named tensors of a checkpoint file, whatever its format. Owns its tensors.</summary>
public sealed class Checkpoint : IDisposable
{
    internal Checkpoint(
        string format,
        IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata
    )
    {
        Format = format;
        Tensors = tensors;
        Metadata = metadata;
        foreach (var tensor in tensors.Values)
            tensor.DetachFromDisposeScope();
    }

    /// <summary>
    /// Format of the file: one of <see cref="CheckpointReader.SafeTensors"/>, <see cref="CheckpointReader.PyTorchZip"/>
    /// and <see cref="CheckpointReader.PyTorchLegacy"/>.
    /// </summary>
    public string Format { get; }

    /// <summary>
    /// The tensors by name, contiguous, on the CPU, in the file's order. They share no memory and live until the
    /// checkpoint is disposed.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>
    /// Numbers and texts stored beside the tensors, such as <c>epoch</c>, as invariant text; may be empty.
    /// </summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
    }
}

/// <summary>
/// Reads checkpoints that other programs wrote, as untrusted input: nothing in a file is executed, and memory is taken
/// only after the file has been seen to hold what it claims. The format is told by the content, never by the extension.
/// </summary>
/// <remarks>
/// In a PyTorch file the state dict is the dictionary under the first of the keys <c>state_dict</c>,
/// <c>model_state_dict</c>, <c>model</c>, <c>net</c>, <c>weights</c> that holds tensors (up to three levels deep), else
/// the top-level dictionary itself. Numbers, texts and single-value tensors beside it become metadata; everything else
/// beside it, such as optimiser state, is skipped. A PyTorch file may unpack to at most 4 GiB and 16 times its size
/// (plus 1 MiB); its tensors may take at most 4 times the bytes of the storages they show (plus 1 MiB), because tensors
/// that share memory are copied apart.
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
    /// <exception cref="CheckpointFormatException">The file is none of the formats or breaks a rule; the message is one
    /// line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Checkpoint Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        return DetectFormat(file, path) == SafeTensors
            ? FromSafeTensors(SafeTensorsReader.Read(path))
            : ReadPyTorch(file, path);
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    internal static Checkpoint Read(byte[] bytes, string name)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        return DetectFormat(stream, name) == SafeTensors
            ? FromSafeTensors(SafeTensorsReader.Read(bytes))
            : ReadPyTorch(stream, name);
    }

    private static string DetectFormat(Stream file, string name)
    {
        Span<byte> start = stackalloc byte[SignatureBytes];
        int count = file.ReadAtLeast(start, SignatureBytes, throwOnEndOfStream: false);
        file.Position = 0;
        start = start[..count];
        if (count == SignatureBytes && start[8] == (byte)'{' && start[4..8].IndexOfAnyExcept((byte)0) < 0)
            return SafeTensors;
        if (start.StartsWith("PK\x03\x04"u8))
            return PyTorchZip;
        if (start.StartsWith(TorchLegacyFile.Signature))
            return PyTorchLegacy;
        throw new CheckpointFormatException(
            $"{name}: starts with bytes {Convert.ToHexStringLower(start)}; it must be safetensors, a "
                + $"PyTorch zip archive or a PyTorch pickle stream."
        );
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

/// <summary>
/// A checkpoint's bytes are not what its format allows. The message is one line that names the file or tensor, the
/// limit and the value.
/// </summary>
public sealed class CheckpointFormatException : Exception
{
    private const int MaxQuote = 100;

    /// <summary>Describes the problem.</summary>
    /// <param name="message">One line.</param>
    /// <param name="innerException">What the parser said, or null.</param>
    public CheckpointFormatException(string message, Exception? innerException = null)
        : base(message, innerException) { }

    /// <summary>
    /// Quotes a name that comes from the file: shortened, and without characters that would break the line.
    /// </summary>
    internal static string Quote(string text)
    {
        string start = text.Length <= MaxQuote ? text : text[..MaxQuote] + "...";
        return $"'{string.Concat(start.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}'";
    }
}

/// <summary>What a pickled object holds for a reader of weights.</summary>
/// <param name="Tensors">The state dict: tensors by name, in its order.</param>
/// <param name="Metadata">Numbers, texts and single-value tensors beside it, by name; a name with several values comes
/// with the last.</param>
internal sealed record FoundState(
    OrderedDictionary<string, TensorReference> Tensors,
    Dictionary<string, object> Metadata
);

/// <summary>
/// Finds the state dict in a pickled object; the rule is in the remarks of <see cref="CheckpointReader"/>.
/// </summary>
internal static class StateDictFinder
{
    private const int MaxLevels = 3;

    private static readonly string[] Containers = ["state_dict", "model_state_dict", "model", "net", "weights"];

    /// <summary>Finds the state dict.</summary>
    /// <param name="root">What was pickled.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="CheckpointFormatException">There is none, or it has too many tensors.</exception>
    public static FoundState Find(object? root, string name)
    {
        var metadata = new Dictionary<string, object>(StringComparer.Ordinal);
        if (root is not PickleDictionary dictionary || Descend(dictionary, metadata, 0) is not { } tensors)
            throw new CheckpointFormatException(
                $"{name}: holds no state dict: a dictionary of named tensors, at the top or under one of "
                    + $"{string.Join(", ", Containers)}."
            );
        if (tensors.Count > PickleLimits.Tensors)
            throw new CheckpointFormatException(
                $"{name}: a state dict must have at most {PickleLimits.Tensors} tensors; it has {tensors.Count}."
            );
        return new FoundState(tensors, metadata);
    }

    private static OrderedDictionary<string, TensorReference>? Descend(
        PickleDictionary dictionary,
        Dictionary<string, object> metadata,
        int level
    )
    {
        var nested = new Dictionary<string, PickleDictionary>(StringComparer.Ordinal);
        foreach (var (key, value) in dictionary.TextPairs())
            if (value is PickleDictionary inner && Containers.Contains(key))
                nested[key] = inner;
        foreach (string container in level < MaxLevels ? Containers : [])
        {
            if (!nested.TryGetValue(container, out var inner) || Descend(inner, metadata, level + 1) is not { } found)
                continue;
            AddMetadata(dictionary, metadata, includeTensors: true);
            return found;
        }

        var tensors = new OrderedDictionary<string, TensorReference>(StringComparer.Ordinal);
        foreach (var (key, value) in dictionary.TextPairs())
            if (value is TensorReference tensor)
                tensors[key] = tensor;
        if (tensors.Count == 0)
            return null;
        AddMetadata(dictionary, metadata, includeTensors: false);
        return tensors;
    }

    private static void AddMetadata(
        PickleDictionary dictionary,
        Dictionary<string, object> metadata,
        bool includeTensors
    )
    {
        foreach (var (key, value) in dictionary.TextPairs())
        {
            bool isSingle =
                value is TensorReference tensor
                && tensor.Shape.Items.All(size => size is 1L)
                && tensor.Shape.Items.Length <= 1;
            if (isSingle && includeTensors || value is bool or long or double or string or System.Numerics.BigInteger)
                metadata[key] = value!;
        }
    }
}
