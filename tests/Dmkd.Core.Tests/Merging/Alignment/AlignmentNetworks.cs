using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Alignment;

/// <summary>A small network of every family, and random orders of its units.</summary>
internal static class AlignmentNetworks
{
    public const string Transformer = "vit(4;3x16x16;12;4;3-4;9-10;5)";

    public static TheoryData<string> Texts { get; } =
    [
        "convnet(3x16x16;6-5-7;4)",
        "cifar-resnet(a;3x16x16;4-8-16;4.3-6.5-7.8;x2.0+4.x2-x4.0+8.x4;5)",
        "cifar-resnet(a;3x9x9;6-4;4-6;2.x1.0+2;5)", // narrower than before, and mixed up
        "cifar-resnet(b;3x16x16;4-8-16;4.3-6.5-7.8;5)",
        "mlp(3x8x8;16-12;4)",
        "resnet(basic;3;3x16x16;4-4-6;4.3-5;3)",
        "resnet(basic;7;3x33x33;4-4-6-8;4-5-6.5;3)",
        "resnet(bottleneck;3;3x16x16;4-8-12;3.4.5.6-5.4;3)",
        "vgg(3x16x16;4-5.6;;3)",
        "vgg(3x16x16;4.5-6;7-8;3)",
    ];

    /// <summary>Normalised images for a network. In the current scope.</summary>
    public static Tensor Inputs(NetworkArchitecture architecture, int count = 24)
    {
        using var generator = new Generator(8);
        return randn(
            [count, architecture.InputShape[0], architecture.InputShape[1], architecture.InputShape[1]],
            generator: generator
        );
    }

    /// <summary>
    /// Random weights in which no normalisation is trivial; its statistics are those of the inputs. Of seed 11 no ReLU
    /// is always off.
    /// </summary>
    public static Network Build(NetworkArchitecture architecture, ulong seed = 11)
    {
        using var random = WeightTransfer.RandomWeights(architecture, seed);
        using var generator = new Generator(seed + 1);
        using var scope = NewDisposeScope();
        using var weights = random.Map(
            (_, weight) => weight.dim() == 1 ? weight + rand(weight.shape, generator: generator) : weight.clone()
        );
        var network = NetworkLoader.Load(architecture, weights, CPU);
        BatchNormStatistics.Reestimate(network, Inputs(architecture), 24);
        foreach (var tensor in network.state_dict().Values)
            tensor.DetachFromDisposeScope();
        return network;
    }

    /// <summary>A random order of all units, chains of units together.</summary>
    public static UnitPermutation Shuffle(NetworkArchitecture architecture, int seed)
    {
        Random random = new(seed);
        var orders = architecture.UnitSpaces.ToDictionary(space => space.Name, space => new int[space.Width]);
        foreach (var (spaces, chains) in UnitChains.Of(architecture))
        {
            int[][] shuffled = [.. chains];
            random.Shuffle(shuffled);
            for (int chain = 0; chain < shuffled.Length; chain++)
            for (int i = 0; i < spaces.Count; i++)
                orders[spaces[i]][chains[chain][i]] = shuffled[chain][i];
        }

        return new UnitPermutation(
            architecture,
            orders.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<int>)pair.Value)
        );
    }

    public static Tensor Logits(Network network, Tensor inputs)
    {
        using var noGrad = no_grad();
        return network.forward(inputs);
    }

    /// <summary>The mean of two sets, owned by the caller.</summary>
    public static WeightSet Mean(WeightSet first, WeightSet second) =>
        first.Map((name, weight) => (weight + second[name]) / 2);
}
