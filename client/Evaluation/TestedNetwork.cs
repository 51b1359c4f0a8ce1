using Dmkd.Core.Checkpoints;
using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Client.Evaluation;

/// <summary>A checkpoint in a network of the architecture that the user named. Owns its tensors.</summary>
internal sealed class TestedNetwork : ITestedModel
{
    private readonly Network _network;

    /// <summary>Builds the network.</summary>
    /// <param name="architecture">What the weights are for.</param>
    /// <param name="content">What <see cref="Import"/> gave.</param>
    public TestedNetwork(NetworkArchitecture architecture, byte[] content)
    {
        using var weights = WeightCodec.Decode(content);
        _network = NetworkLoader.Load(architecture, weights, CPU);
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <returns>The weights as <see cref="WeightCodec"/> writes them, for every lane to build its own network from.</returns>
    public static byte[] Import(string path, NetworkArchitecture architecture)
    {
        using var checkpoint = CheckpointReader.Read(path);
        using var weights = StateDictMapper.Map(architecture, checkpoint.Tensors);
        return WeightCodec.Encode(weights);
    }

    public Tensor Logits(Tensor input) => _network.forward(input);

    public void Dispose() => _network.Dispose();
}
