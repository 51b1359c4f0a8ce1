using static TorchSharp.torch;

namespace Dmkd.Core.Checkpoints;

/// <summary>What a safetensors file holds. Owns its tensors.</summary>
public sealed class SafeTensorsFile : IDisposable
{
    internal SafeTensorsFile(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
        foreach (var tensor in tensors.Values) tensor.DetachFromDisposeScope();
    }

    /// <summary>The tensors by name, on the CPU, in the file's order. They live until the file is disposed.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>Texts stored beside the tensors; may be empty.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values) tensor.Dispose();
    }
}
