using System.Text;
using CsCheck;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

/// <summary>Updates as the bytes that are stored, travel and are fingerprinted.</summary>
public sealed class UpdateBundleTests : IDisposable
{
    private static readonly long[] Matrix = [4, 3, 2]; // 4x6 as a matrix

    private static readonly CompressedDelta EveryForm = new([
        new DenseTensor("dense", [2], Bytes(8)),
        new DenseTensor("half", [2], Bytes(4)) { Format = ValueFormat.Fp16 },
        new LeftFactorTensor("left", Matrix, 2, Bytes(16)) { Format = ValueFormat.Fp16 },
        new LowRankTensor("low", Matrix, 2, Bytes(32), Bytes(8), Bytes(48)),
        new ProductTensor("product", Matrix, 1, Bytes(8), Bytes(12)) { Format = ValueFormat.Fp16 },
        new RightFactorTensor("right", Matrix, 1, Bytes(24)),
    ]);

    private readonly WeightSet _base = TestWeights.Of(
        ("dense", new float[2], [2]),
        ("half", new float[2], [2]),
        ("left", new float[24], Matrix),
        ("low", new float[24], Matrix),
        ("product", new float[24], Matrix),
        ("right", new float[24], Matrix)
    );

    public void Dispose() => _base.Dispose();

    [Fact]
    public void RoundTrip_EveryForm_KeepsEveryField()
    {
        var back = UpdateBundle.Read(UpdateBundle.ToBytes(EveryForm), _base);
        Assert.Equal(EveryForm.Tensors.Select(Describe), back.Tensors.Select(Describe));
    }

    [Fact]
    public void ToBytes_NamesOfParts_AreTheWeightsAndTheFactors() =>
        Assert.Equal(
            ["dense", "low/S", "low/U", "low/V", "right/Q", "half", "left/P", "product/P", "product/Q"],
            TensorBundle.Read(UpdateBundle.ToBytes(EveryForm)).Tensors.Keys
        );

    [Fact]
    public void ToBytes_WholeUpdate_IsTheFileOfItsWeights()
    {
        using var delta = TestWeights.Network(1);
        Assert.Equal(WeightCodec.Encode(delta), UpdateBundle.ToBytes(DenseExchange.Whole(delta)));
    }

    [Fact]
    public void Read_Values_AreNotCopied()
    {
        byte[] bytes = UpdateBundle.ToBytes(EveryForm);
        var dense = (DenseTensor)UpdateBundle.Read(bytes, _base).Tensors[0];
        byte before = dense.Values.Span[0];
        bytes[bytes.AsSpan().IndexOf(dense.Values.Span)]++;
        Assert.NotEqual(before, dense.Values.Span[0]);
    }

    [Theory]
    [InlineData("w/U", "its parts are '/U'")]
    [InlineData("w/S w/U", "its parts are '/S /U'")]
    [InlineData("w w/U", "its parts are ' /U'")]
    [InlineData("w/P w/Q w/S", "its parts are '/P /Q /S'")]
    public void Read_PartsThatDoNotBelongTogether_NamesThem(string parts, string problem) =>
        Refused(
            problem,
            [.. parts.Split(' ').Select(name => new BundleTensor(name, ScalarType.Float32, [1, 1], Bytes(4)))]
        );

    [Fact]
    public void Read_FactorsOfTwoRanks_IsRefused() =>
        Refused(
            "'w/Q': its rank must be 2, as of its left factor; it is 1",
            new BundleTensor("w/P", ScalarType.Float32, [1, 2], Bytes(8)),
            new BundleTensor("w/Q", ScalarType.Float32, [1, 2], Bytes(8))
        );

    [Fact]
    public void Read_FactorThatIsNoMatrix_IsRefused() =>
        Refused(
            "'w/P': a factor has 2 axes; it has shape [2]",
            new BundleTensor("w/P", ScalarType.Float32, [2], Bytes(8))
        );

    [Fact]
    public void Read_OtherElementType_IsRefused() =>
        Refused(
            "an update's values are F32 or F16; these are Int64",
            new BundleTensor("w", ScalarType.Int64, [1], Bytes(8))
        );

    [Fact]
    public void Read_MixedElementTypes_IsRefused() =>
        Refused(
            "its parts have several element types",
            new BundleTensor("w/P", ScalarType.Float32, [1, 1], Bytes(4)),
            new BundleTensor("w/Q", ScalarType.Float16, [1, 1], Bytes(2))
        );

    [Fact]
    public void Read_FactorOfAnotherWeightsSize_IsFoundByTheCheck()
    {
        var swapped = TensorBundle.Write([
            new BundleTensor("w/U", ScalarType.Float32, [5, 2], Bytes(40)),
            new BundleTensor("w/S", ScalarType.Float32, [2], Bytes(8)),
            new BundleTensor("w/V", ScalarType.Float32, [2, 6], Bytes(48)),
        ]);
        using var weights = TestWeights.Of(("w", new float[24], Matrix));
        Assert.Contains(
            "'w': Left must be 32 bytes; it is 40",
            DeltaCheck.FindProblem(weights, UpdateBundle.Read(swapped, weights)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Read_HeaderWrittenOtherwise_IsRefused()
    {
        byte[] bytes = UpdateBundle.ToBytes(new CompressedDelta([new DenseTensor("dense", [2], Bytes(8))]));
        string text = Encoding.Latin1.GetString(bytes);
        byte[] other = Encoding.Latin1.GetBytes(
            text.Replace("\"dtype\":\"F32\",\"shape\":[2]", "\"shape\":[2],\"dtype\":\"F32\"", StringComparison.Ordinal)
        );
        Assert.Equal(bytes.Length, other.Length);
        var error = Assert.Throws<CheckpointFormatException>(() => UpdateBundle.Read(other, _base));
        Assert.Contains("not in the canonical form", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AnyDamage_IsReadOrRefused()
    {
        byte[] bytes = UpdateBundle.ToBytes(EveryForm);
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte)
            .Sample(
                (place, value) =>
                {
                    byte[] damaged = [.. bytes];
                    damaged[place] = value;
                    try
                    {
                        _ = DeltaCheck.FindProblem(_base, UpdateBundle.Read(damaged, _base));
                    }
                    catch (CheckpointFormatException)
                    {
                        // refused by name
                    }
                },
                iter: 2000,
                threads: 1
            );
    }

    [Fact]
    public void ReadAndWrite_LeakNoTensor() =>
        Assert.Equal(
            0,
            LiveTensors.Change(() => UpdateBundle.ToBytes(UpdateBundle.Read(UpdateBundle.ToBytes(EveryForm), _base)))
        );

    private static void Refused(string problem, params BundleTensor[] parts)
    {
        using var weights = TestWeights.Of(("w", new float[24], Matrix));
        var error = Assert.Throws<CheckpointFormatException>(() =>
            UpdateBundle.Read(TensorBundle.Write(parts), weights)
        );
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private static string Describe(CompressedTensor tensor)
    {
        string values = tensor switch
        {
            DenseTensor dense => Hex(dense.Values),
            LowRankTensor low => $"{low.Rank} {Hex(low.Left)} {Hex(low.Singular)} {Hex(low.Right)}",
            ProductTensor product => $"{product.Rank} {Hex(product.Left)} {Hex(product.Right)}",
            LeftFactorTensor left => $"{left.Rank} {Hex(left.Left)}",
            _ => $"{((RightFactorTensor)tensor).Rank} {Hex(((RightFactorTensor)tensor).Right)}",
        };
        return $"{tensor.GetType().Name} {tensor.Name} [{string.Join(' ', tensor.Shape)}] {tensor.Format} {values}";
    }

    private static string Hex(ReadOnlyMemory<byte> values) => Convert.ToHexString(values.Span);

    private static byte[] Bytes(int count) => [.. Enumerable.Range(17 * count, count).Select(value => (byte)value)];
}
