using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Alignment;

/// <summary>Two networks of different starts, trained on the same images and averaged.</summary>
public sealed class TrainedReplicaTests
{
    private const int Classes = 20;
    private const int Count = 300;
    private static readonly NetworkArchitecture Architecture = ArchitectureCatalog.Parse(
        "convnet(3x8x8;32-32-32-32;20)"
    );

    // Over these seeds: plain mean 0.05 to 0.13, re-estimated 0.27 to 0.39, aligned and re-estimated 0.92 to 0.97.
    [Theory]
    [InlineData(2, 3)]
    [InlineData(4, 5)]
    [InlineData(6, 7)]
    public void Align_ReplicasOfDifferentStarts_AverageToANetworkThatStillKnowsTheImages(
        ulong firstSeed,
        ulong secondSeed
    )
    {
        using var scope = NewDisposeScope();
        var (images, labels) = Images();
        using var reference = Trained(firstSeed, images, labels);
        using var replica = Trained(secondSeed, images, labels);
        Assert.True(Math.Min(Accuracy(reference, images, labels), Accuracy(replica, images, labels)) > 0.98);

        using var referenceWeights = WeightSet.CopyOf(reference);
        using var replicaWeights = WeightSet.CopyOf(replica);
        using var aligned = UnitAlignment.Align(reference, replica, images, 100);
        using var plain = AlignmentNetworks.Mean(referenceWeights, replicaWeights);
        using var merged = AlignmentNetworks.Mean(referenceWeights, aligned.Weights);
        double plainMean = Accuracy(plain, images, labels, reestimate: false);
        double reestimated = Accuracy(plain, images, labels, reestimate: true);
        double alignedToo = Accuracy(merged, images, labels, reestimate: true);
        Assert.True(
            alignedToo > reestimated + 0.3 && reestimated > plainMean,
            $"plain mean {plainMean}, re-estimated {reestimated}, aligned too {alignedToo}"
        );
    }

    private static double Accuracy(WeightSet weights, Tensor images, Tensor labels, bool reestimate)
    {
        using var network = NetworkLoader.Load(Architecture, weights, CPU);
        if (reestimate)
            BatchNormStatistics.Reestimate(network, images, 60);
        return Accuracy(network, images, labels);
    }

    private static double Accuracy(Network network, Tensor images, Tensor labels)
    {
        using var scope = NewDisposeScope();
        return AlignmentNetworks.Logits(network, images).argmax(1).eq(labels).to(float64).mean().item<double>();
    }

    private static Network Trained(ulong seed, Tensor images, Tensor labels)
    {
        using var generator = new Generator(seed);
        var network = Architecture.Build(generator);
        using var optimizer = optim.SGD(network.parameters(), 0.05, momentum: 0.9);
        for (int epoch = 0; epoch < 20; epoch++)
        {
            using var epochScope = NewDisposeScope();
            foreach (var batch in randperm(Count, generator: generator).chunk(5))
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                nn.functional.cross_entropy(
                        network.forward(images.index_select(0, batch)),
                        labels.index_select(0, batch)
                    )
                    .backward();
                optimizer.step();
            }
        }

        network.eval();
        return network;
    }

    /// <summary>Twenty periodic textures under noise. In the current scope.</summary>
    private static (Tensor Images, Tensor Labels) Images()
    {
        using var generator = new Generator(3);
        var labels = arange(Count, dtype: int64) % Classes;
        var textures = randn([Classes, 3, 4, 4], generator: generator).repeat(1, 1, 2, 2);
        return (textures.index_select(0, labels) + 0.7 * randn([Count, 3, 8, 8], generator: generator), labels);
    }
}
