using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

public sealed class WeightTransferTests
{
    private static readonly ConvNetArchitecture Architecture = PlantedNetwork.Architecture;

    [Fact]
    public void Cut_AllUnitsAndOutputs_IsTheIdentity()
    {
        using var legacy = Legacy();
        var (architecture, cut) = WeightTransfer.Cut(
            Architecture,
            legacy,
            UnitSelection.All(Architecture),
            [0, 1, 2, 3]
        );
        using var owned = cut;
        Assert.Equal<NetworkArchitecture>(Architecture, architecture);
        TensorAssert.Identical(legacy, cut);
    }

    [Fact]
    public void Cut_SomeUnits_SelectsRowsAndColumns()
    {
        using var scope = NewDisposeScope();
        using var legacy = Legacy();
        var (architecture, cut) = WeightTransfer.Cut(Architecture, legacy, Selection([0, 3], [1, 2, 11], [7]), [3, 1]);
        using var owned = cut;
        Assert.Equal("convnet(2x8x8;2-3-1;2)", architecture.ToString());
        TensorAssert.Identical(legacy["conv2.weight"][11, 3], cut["conv2.weight"][2, 1]);
        TensorAssert.Identical(legacy["norm2.running_var"][11], cut["norm2.running_var"][2]);
        TensorAssert.Identical(legacy["head.weight"][3, 7], cut["head.weight"][0, 0]);
        TensorAssert.Identical(legacy["head.bias"][1], cut["head.bias"][1]);
    }

    [Fact]
    public void Cut_UnitsNobodyReads_LeavesTheLogitsUnchanged()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        SilenceOddUnits(network);
        using var legacy = WeightSet.CopyOf(network);
        int[] even8 = [0, 2, 4, 6],
            even12 = [.. even8, 8, 10];
        var (architecture, cut) = WeightTransfer.Cut(
            Architecture,
            legacy,
            Selection(even8, even12, even8),
            [0, 1, 2, 3]
        );
        using var owned = cut;
        using var expert = NetworkLoader.Load(architecture, cut, CPU);
        var (inputs, _) = PlantedNetwork.Data();
        network.eval();
        TensorAssert.Close(network.forward(inputs), expert.forward(inputs), 1e-5); // fp32, another order of summation
    }

    [Fact]
    public void Blend_One_IsTheLegacyBitForBit()
    {
        using var legacy = Legacy();
        using var random = WeightTransfer.RandomWeights(Architecture, 4);
        using var blended = WeightTransfer.Blend(legacy, random, 1);
        TensorAssert.Identical(legacy, blended);
    }

    [Fact]
    public void Blend_Zero_IsRandomButForTheStatistics()
    {
        using var legacy = Legacy();
        using var random = WeightTransfer.RandomWeights(Architecture, 4);
        using var blended = WeightTransfer.Blend(legacy, random, 0);
        foreach (string name in legacy.Keys)
            TensorAssert.Identical(
                name.Contains("running", StringComparison.Ordinal) ? legacy[name] : random[name],
                blended[name]
            );
    }

    [Fact]
    public void Blend_Quarter_IsTheWeightedSum()
    {
        using var scope = NewDisposeScope();
        using var legacy = Legacy();
        using var random = WeightTransfer.RandomWeights(Architecture, 4);
        using var blended = WeightTransfer.Blend(legacy, random, 0.25);
        TensorAssert.Close(
            0.25 * legacy["conv1.weight"] + 0.75 * random["conv1.weight"],
            blended["conv1.weight"],
            1e-6
        ); // fp32 rounding
    }

    [Fact]
    public void Blend_AddedOutputs_AreRandomWithFullWeight()
    {
        using var scope = NewDisposeScope();
        using var legacy = Legacy();
        int?[] outputs = [2, 3, null, null, null, null, null, null]; // two classes, four rotations
        var (architecture, cut) = WeightTransfer.Cut(Architecture, legacy, UnitSelection.All(Architecture), outputs);
        using var owned = cut;
        using var random = WeightTransfer.RandomWeights(architecture, 4);
        using var blended = WeightTransfer.Blend(architecture, cut, random, 1, outputs);
        Assert.Equal(8, architecture.OutputCount);
        foreach (string name in (string[])["head.weight", "head.bias"])
        {
            TensorAssert.Identical(legacy[name].narrow(0, 2, 2), blended[name].narrow(0, 0, 2));
            TensorAssert.Identical(random[name].narrow(0, 2, 6), blended[name].narrow(0, 2, 6));
        }
    }

    [Fact]
    public void RandomWeights_SameSeed_IsBitEqualAndAnotherDiffers()
    {
        using var scope = NewDisposeScope();
        using var first = WeightTransfer.RandomWeights(Architecture, 4);
        using var second = WeightTransfer.RandomWeights(Architecture, 4);
        using var other = WeightTransfer.RandomWeights(Architecture, 5);
        TensorAssert.Identical(first, second);
        Assert.True((first["conv1.weight"] - other["conv1.weight"]).abs().max().item<float>() > 0);
    }

    [Fact]
    public void Cut_UnitOrOutputOutOfRange_Throws()
    {
        using var legacy = Legacy();
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            WeightTransfer.Cut(Architecture, legacy, Selection([8], [0], [0]), [0])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            WeightTransfer.Cut(Architecture, legacy, UnitSelection.All(Architecture), [4])
        );
    }

    [Fact]
    public void AtPyTorchScale_Convolutions_HaveTheDeviationOfPyTorchs()
    {
        using var scope = NewDisposeScope();
        using var random = WeightTransfer.RandomWeights(new ConvNetArchitecture(3, 16, [64, 64], 10), 4);
        using var scaled = WeightTransfer.AtPyTorchScale(random);
        double expected = 1 / Math.Sqrt(3 * 64 * 9); // of U(±1/√n); 36,864 samples know it to 0.4 %
        Assert.Equal(expected, scaled["conv2.weight"].std().item<float>(), 0.02 * expected);
        // fp32 rounding of values below 0.3
        TensorAssert.Close(random["conv2.weight"] / (float)Math.Sqrt(6), scaled["conv2.weight"], 1e-7);
    }

    [Fact]
    public void AtPyTorchScale_OtherWeights_AreCopiedBitForBit()
    {
        using var scope = NewDisposeScope();
        using var random = WeightTransfer.RandomWeights(Architecture, 4);
        using var before = random.Map((_, weight) => weight.clone());
        using var scaled = WeightTransfer.AtPyTorchScale(random);
        Assert.Equal(random.Keys, scaled.Keys);
        string[] others = [.. random.Keys.Where(name => !name.StartsWith("conv", StringComparison.Ordinal))];
        Assert.NotEmpty(others);
        foreach (string name in others)
            TensorAssert.Identical(random[name], scaled[name]);
        foreach (string name in scaled.Keys)
            scaled[name].zero_(); // nothing is shared
        TensorAssert.Identical(before, random);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public void Blend_FractionOutOfRange_Throws(double legacyFraction)
    {
        using var legacy = Legacy();
        Assert.Throws<ArgumentOutOfRangeException>(() => WeightTransfer.Blend(legacy, legacy, legacyFraction));
    }

    internal static UnitSelection Selection(params int[][] units) =>
        new(units.Select((chosen, layer) => KeyValuePair.Create($"conv{layer + 1}", (IReadOnlyList<int>)chosen)));

    private static WeightSet Legacy()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        using var random = WeightTransfer.RandomWeights(Architecture, 6);
        // so that no statistic is 0 or 1
        return random.Map((_, weight) => weight + rand(weight.shape, generator: generator));
    }

    private static void SilenceOddUnits(Network network)
    {
        using var noGrad = no_grad();
        foreach (var axes in Architecture.Weights.Where(axes => axes.Columns is { Space: not UnitSpace.Input }))
        {
            var weight = network.get_parameter(axes.Name)!;
            for (int column = 1; column < weight.shape[1]; column += 2)
                weight.select(1, column).zero_();
        }
    }
}
