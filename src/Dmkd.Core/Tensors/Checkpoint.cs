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

    /// <summary>
    /// What is in the place of tensors that could not be read, by name: a type that libtorch lacks here, or an object.
    /// It matters when it is a weight.
    /// </summary>
    public IReadOnlyDictionary<string, string> Unreadable { get; internal init; } = new Dictionary<string, string>();

    /// <summary>What a person should know of how the weights were found; sentences without a full stop.</summary>
    public IReadOnlyList<string> Notices { get; internal init; } = [];

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
    }
}

/// <summary>Which tensors of a file are meant.</summary>
public sealed record CheckpointChoice
{
    /// <summary>What the file's own layout says.</summary>
    public static CheckpointChoice Default { get; } = new();

    /// <summary>
    /// Key of the dictionary of weights, parts separated by dots, or the first parts of the names of the weights; null
    /// to look for it.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>Patterns of names that are left out; <c>*</c> stands for any text.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}

/// <summary>
/// Reads checkpoints that other programs wrote, as untrusted input: nothing in a file is executed, and memory is taken
/// only after the file has been seen to hold what it claims. The format is told by the content, never by the extension.
/// </summary>
/// <remarks>
/// Which dictionary of a PyTorch file is the state dict: see <see cref="StateDictFinder"/>. Numbers, texts and
/// single-value tensors beside it become metadata; everything else beside it, such as optimiser state, is skipped. A
/// PyTorch file may unpack to at most 4 GiB and 16 times its size (plus 1 MiB); its tensors may take at most 4 times the
/// bytes of the storages they show (plus 1 MiB), because tensors that share memory are copied apart.
/// </remarks>
public static class CheckpointReader
{
    /// <summary>Name of the safetensors format.</summary>
    public const string SafeTensors = "safetensors";

    /// <summary>Name of the zip archives that <c>torch.save</c> writes since version 1.6.</summary>
    public const string PyTorchZip = "pytorch-zip";

    /// <summary>Name of the pickle streams that <c>torch.save</c> wrote before version 1.6.</summary>
    public const string PyTorchLegacy = "pytorch-legacy";

    /// <summary>Reads a file.</summary>
    /// <param name="path">Path of a safetensors file, of its index when it is in shards, or of what <c>torch.save</c>
    /// wrote.</param>
    /// <param name="choice">Which of its tensors; null for what its layout says.</param>
    /// <returns>The content, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The file is none of the formats or breaks a rule; the message is one
    /// line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Checkpoint Read(string path, CheckpointChoice? choice = null)
    {
        choice ??= CheckpointChoice.Default;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        var signature = FileSignature.Read(file);
        if (signature.Format == SafeTensors)
            return FromSafeTensors(SafeTensorsReader.Read(path, isLenient: true), path, choice);
        if (signature.IsJson && CheckpointShards.Read(file, path) is { } shards)
            return Join(shards, path, choice);
        return ReadPyTorch(file, path, choice);
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="choice">Which of its tensors; null for what its layout says.</param>
    internal static Checkpoint Read(byte[] bytes, string name, CheckpointChoice? choice = null)
    {
        choice ??= CheckpointChoice.Default;
        using var stream = new MemoryStream(bytes, writable: false);
        return FileSignature.Read(stream).Format == SafeTensors
            ? FromSafeTensors(SafeTensorsReader.Read(bytes, isLenient: true), name, choice)
            : ReadPyTorch(stream, name, choice);
    }

    private static Checkpoint FromSafeTensors(SafeTensorsFile file, string name, CheckpointChoice choice)
    {
        var whole = new Checkpoint(SafeTensors, file.Tensors, file.Metadata) { Unreadable = file.Unreadable };
        return Chosen(whole, name, choice);
    }

    /// <summary>Puts shards together.</summary>
    private static Checkpoint Join(CheckpointShards shards, string name, CheckpointChoice choice)
    {
        using var scope = NewDisposeScope(); // takes the tensors along when a later shard fails
        var tensors = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        var unreadable = new Dictionary<string, string>(StringComparer.Ordinal);
        string format = SafeTensors;
        foreach (string shard in shards.Paths)
        {
            var part = Read(shard);
            format = part.Format;
            foreach (var (key, tensor) in part.Tensors)
                tensors[key] = tensor.DetachFromDisposeScope();
            foreach (var (key, type) in part.Unreadable)
                unreadable[key] = type;
        }

        var whole = new Checkpoint(format, tensors, new Dictionary<string, string>()) { Unreadable = unreadable };
        string? lacking = shards.Names.FirstOrDefault(key => !tensors.ContainsKey(key) && !unreadable.ContainsKey(key));
        if (lacking is null)
            return Chosen(whole, name, choice);
        whole.Dispose();
        throw new CheckpointFormatException(
            $"{name}: tensor {CheckpointFormatException.Quote(lacking)} is not in the shard that it names."
        );
    }

    private static Checkpoint ReadPyTorch(Stream stream, string name, CheckpointChoice choice)
    {
        var signature = FileSignature.Read(stream);
        if (signature.Problem is { } problem)
            throw new CheckpointFormatException($"{name}: {problem}.");
        bool isZip = signature.Format == PyTorchZip;
        using ITorchFile file = isZip ? TorchZipFile.Open(stream, name) : TorchLegacyFile.Open(stream, name);
        using var scope = NewDisposeScope(); // takes the tensors along when a later one fails
        using var noGrad = no_grad();
        var state = StateDictFinder.Find(file.Root, name, choice);
        var tensors = StorageTensors.Read(file, state.Tensors);
        var metadata = StateMetadata.Read(file, state.Metadata);
        return new Checkpoint(isZip ? PyTorchZip : PyTorchLegacy, tensors, metadata)
        {
            Unreadable = state.Unreadable,
            Notices = state.Notices,
        };
    }

    /// <summary>Applies a choice to names without dictionaries.</summary>
    private static Checkpoint Chosen(Checkpoint whole, string name, CheckpointChoice choice)
    {
        var names = new ChosenNames(choice);
        var tensors = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (key, tensor) in whole.Tensors)
        {
            if (names.Find(key) is { } chosen)
                tensors[chosen] = tensor;
            else
                tensor.Dispose();
        }

        if (choice.Key is { } wanted && tensors.Count == 0)
        {
            whole.Dispose();
            throw ChosenNames.Refusal(name, wanted, whole.Tensors.Keys);
        }

        return new Checkpoint(whole.Format, tensors, whole.Metadata)
        {
            Unreadable = names.Of(whole.Unreadable),
            Notices = whole.Notices,
        };
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
