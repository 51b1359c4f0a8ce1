using static TorchSharp.torch;

namespace Dmkd.Core.Checkpoints;

/// <summary>The named tensors of a checkpoint file, whatever its format. Owns its tensors.</summary>
public sealed class Checkpoint : IDisposable
{
    internal Checkpoint(string format, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Format = format;
        Tensors = tensors;
        Metadata = metadata;
        foreach (var tensor in tensors.Values) tensor.DetachFromDisposeScope();
    }

    /// <summary>Format of the file: one of <see cref="CheckpointReader.SafeTensors"/>, <see cref="CheckpointReader.PyTorchZip"/> and <see cref="CheckpointReader.PyTorchLegacy"/>.</summary>
    public string Format { get; }

    /// <summary>The tensors by name, contiguous, on the CPU, in the file's order. They share no memory and live until the checkpoint is disposed.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>Numbers and texts stored beside the tensors, such as <c>epoch</c>, as invariant text; may be empty.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values) tensor.Dispose();
    }
}
