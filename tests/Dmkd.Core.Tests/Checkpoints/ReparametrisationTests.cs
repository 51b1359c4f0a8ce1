using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

/// <summary>Weights that were written as a function of others are what the network computes with.</summary>
public sealed class ReparametrisationTests
{
    private static readonly MlpArchitecture Architecture = (MlpArchitecture)ArchitectureCatalog.Parse("mlp(3x8x8;6;3)");

    [Theory]
    [InlineData("fc1.weight_v", "fc1.weight_g")]
    [InlineData("fc1.parametrizations.weight.original1", "fc1.parametrizations.weight.original0")]
    [InlineData("module.fc1.weight_v", "module.fc1.weight_g")]
    public void Map_WeightNorm_IsFolded(string direction, string size)
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors(direction.StartsWith("module.", StringComparison.Ordinal) ? "module." : "");
        var v = Take(tensors, "fc1.weight");
        tensors[direction] = v;
        tensors[size] = arange(1, 7, dtype: ScalarType.Float32).unsqueeze(1);
        using var mapped = StateDictMapper.Map(Architecture, tensors);
        for (int row = 0; row < 6; row++)
        {
            var expected = v[row] * ((row + 1) / v[row].norm().item<float>());
            Assert.True(mapped["fc1.weight"][row].allclose(expected, rtol: 1e-5)); // float32
        }
    }

    [Fact]
    public void Map_PruningMask_IsFolded()
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors();
        var weight = Take(tensors, "head.weight");
        var mask = weight.gt(0).to(ScalarType.Float32);
        tensors["head.weight_orig"] = weight;
        tensors["head.weight_mask"] = mask;
        using var mapped = StateDictMapper.Map(Architecture, tensors);
        Assert.True(mapped["head.weight"].equal(weight * mask).all().item<bool>());
    }

    [Theory]
    [InlineData("head.weight_orig", "head.weight_u", "head.weight_v")]
    [InlineData(
        "head.parametrizations.weight.original",
        "head.parametrizations.weight.0._u",
        "head.parametrizations.weight.0._v"
    )]
    public void Map_SpectralNorm_IsFolded(string original, string left, string right)
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors();
        var weight = Take(tensors, "head.weight");
        var (u, s, vh) = linalg.svd(weight, fullMatrices: false);
        tensors[original] = weight;
        tensors[left] = u.select(1, 0);
        tensors[right] = vh[0];
        using var mapped = StateDictMapper.Map(Architecture, tensors);
        Assert.True(mapped["head.weight"].allclose(weight / s[0], rtol: 1e-4)); // float32
    }

    [Fact]
    public void Map_PartsThatDoNotFit_StayUnexpected()
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors();
        tensors["fc1.weight_v"] = Take(tensors, "fc1.weight");
        tensors["fc1.weight_g"] = ones(5, 1);
        var error = Assert.Throws<CheckpointMismatchException>(() => StateDictMapper.Map(Architecture, tensors));
        Assert.Equal(["fc1.weight"], error.Missing);
        Assert.Equal(["fc1.weight_v", "fc1.weight_g"], error.Unexpected);
    }

    [Theory]
    [InlineData(double.NaN, "is NaN at [2, 1]")]
    [InlineData(double.PositiveInfinity, "is infinite at [2, 1]")]
    [InlineData(1e300, "is 1E+300 at [2, 1], more than float32 can hold")]
    public void Map_WeightThatIsNotFinite_IsRefusedWithItsPlace(double value, string problem)
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors();
        tensors["head.weight"] = Take(tensors, "head.weight").to(ScalarType.Float64);
        tensors["head.weight"][2, 1] = value;
        string message = Assert
            .Throws<CheckpointFormatException>(() => StateDictMapper.Map(Architecture, tensors))
            .Message;
        Assert.Contains($"'head.weight' {problem}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WeightThatIsNotFinite_IsRefused()
    {
        using var weights = Weights();
        using (no_grad())
            weights["fc1.bias"][4] = float.NaN;
        byte[] bytes = WeightCodec.Encode(weights);
        string message = Assert
            .Throws<CheckpointFormatException>(() => NetworkLoader.Load($"{Architecture}", bytes, CPU))
            .Message;
        Assert.Contains("'fc1.bias'", message, StringComparison.Ordinal);
        Assert.Contains("is NaN at [4]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Map_WholeNumbers_AreCalledQuantised()
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors();
        foreach (string name in tensors.Keys.ToArray())
            tensors[name] = tensors[name].to(ScalarType.Int8);
        string message = Assert
            .Throws<CheckpointMismatchException>(() => StateDictMapper.Map(Architecture, tensors))
            .Message;
        Assert.Contains("is Int8, whole numbers as quantised networks have", message, StringComparison.Ordinal);
    }

    private static WeightSet Weights()
    {
        using var generator = new Generator(1);
        using var network = Architecture.Build(generator);
        return WeightSet.CopyOf(network);
    }

    private static Dictionary<string, Tensor> Tensors(string wrapper = "")
    {
        using var weights = Weights();
        return weights.ToDictionary(pair => wrapper + pair.Key, pair => pair.Value.clone(), StringComparer.Ordinal);
    }

    private static Tensor Take(Dictionary<string, Tensor> tensors, string name)
    {
        string key = tensors.Keys.First(known => known.EndsWith(name, StringComparison.Ordinal));
        var tensor = tensors[key];
        tensors.Remove(key);
        return tensor;
    }
}
