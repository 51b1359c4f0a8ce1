using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Alignment;

public sealed class UnitPermutationTests
{
    private static readonly NetworkArchitecture Small = ArchitectureCatalog.Parse("convnet(3x6x6;3-2;3)");

    public static TheoryData<string> Texts { get; } = [.. AlignmentNetworks.Texts, AlignmentNetworks.Transformer];

    [Theory]
    [MemberData(nameof(Texts))]
    public void Apply_AnyOrder_LeavesTheLogits(string text)
    {
        var architecture = ArchitectureCatalog.Parse(text);
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(architecture);
        using var weights = WeightSet.CopyOf(network);
        var inputs = AlignmentNetworks.Inputs(architecture);
        var expected = AlignmentNetworks.Logits(network, inputs);
        double tolerance = 1e-5 * Math.Max(1, expected.abs().max().item<float>()); // float32 sums in another order
        for (int seed = 0; seed < 4; seed++)
        {
            var permutation = AlignmentNetworks.Shuffle(architecture, seed);
            Assert.NotEqual(0, permutation.MovedCount);
            using var permuted = permutation.Apply(weights);
            using var other = NetworkLoader.Load(architecture, permuted, CPU);
            TensorAssert.Close(expected, AlignmentNetworks.Logits(other, inputs), tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Apply_OrderThenInverse_GivesTheSameBits(string text)
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse(text));
        using var weights = WeightSet.CopyOf(network);
        var permutation = AlignmentNetworks.Shuffle(network.Architecture, 1);
        using var permuted = permutation.Apply(weights);
        using var back = permutation.Inverse().Apply(permuted);
        TensorAssert.Identical(weights, back);
        Assert.Contains(weights, pair => !pair.Value.bytes.SequenceEqual(permuted[pair.Key].bytes));
    }

    [Fact]
    public void Apply_ByHand_MovesWritersAndReadersAndLeavesInputsAndOutputs()
    {
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(Small);
        using var weights = WeightSet.CopyOf(network);
        var permutation = Order([2, 0, 1], [1, 0]);
        using var permuted = permutation.Apply(weights);
        TensorAssert.Identical(weights["conv1.weight"][2], permuted["conv1.weight"][0]);
        foreach (string name in (string[])["weight", "bias", "running_mean", "running_var"])
            TensorAssert.Identical(weights[$"norm1.{name}"][0], permuted[$"norm1.{name}"][1]);
        TensorAssert.Identical(weights["conv2.weight"][1, 2], permuted["conv2.weight"][0, 0]);
        TensorAssert.Identical(weights["head.weight"][0, 1], permuted["head.weight"][0, 0]);
        TensorAssert.Identical(weights["head.bias"], permuted["head.bias"]);
        Assert.Equal((5, 2), (permutation.MovedCount, Order([0, 2, 1], [0, 1]).MovedCount));
    }

    [Fact]
    public void New_NoPermutation_NamesTheSpace()
    {
        foreach (
            int[] order in (int[][])
                [
                    [0, 1],
                    [0, 1, 1],
                    [0, 1, 3],
                    [0, 1, 2, 3],
                ]
        )
            Assert.Contains(
                "'conv1'",
                Assert.Throws<ArgumentException>("units", () => Order(order, [0, 1])).Message,
                StringComparison.Ordinal
            );
        var missing = new Dictionary<string, IReadOnlyList<int>> { ["conv1"] = [0, 1, 2] };
        Assert.Contains(
            "'conv2'",
            Assert.Throws<ArgumentException>("units", () => new UnitPermutation(Small, missing)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void New_ChannelsThatAShortcutJoins_MustMoveTogether()
    {
        var architecture = ArchitectureCatalog.Parse("cifar-resnet(a;3x8x8;2-2;2-2;0+2;3)");
        var orders = architecture.UnitSpaces.ToDictionary(space => space.Name, space => (IReadOnlyList<int>)[0, 1]);
        orders["layer1"] = [1, 0];
        Assert.Throws<ArgumentException>("units", () => new UnitPermutation(architecture, orders));
        orders["layer2"] = [1, 0];
        Assert.Equal(4, new UnitPermutation(architecture, orders).MovedCount);
    }

    [Fact]
    public void Apply_OtherNamesOrShapes_IsRefusedByName()
    {
        var identity = Order([0, 1, 2], [0, 1]);
        using var scope = NewDisposeScope();
        using var network = AlignmentNetworks.Build(ArchitectureCatalog.Parse("convnet(3x6x6;3-4;3)"));
        using var wider = WeightSet.CopyOf(network);
        Assert.Contains(
            "'conv2.weight'",
            Assert.Throws<ArgumentException>("weight", () => identity.Apply(wider)).Message,
            StringComparison.Ordinal
        );
        using var vector = TestWeights.Vector(1);
        Assert.Contains(
            "conv1.weight",
            Assert.Throws<ArgumentException>("weights", () => identity.Apply(vector)).Message,
            StringComparison.Ordinal
        );
    }

    private static UnitPermutation Order(int[] first, int[] second) =>
        new(Small, new Dictionary<string, IReadOnlyList<int>> { ["conv1"] = first, ["conv2"] = second });
}
