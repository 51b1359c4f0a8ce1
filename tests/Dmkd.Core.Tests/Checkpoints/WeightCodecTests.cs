using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class WeightCodecTests
{
    [Fact]
    public void EncodeThenDecode_Weights_GivesThemBack()
    {
        using var scope = NewDisposeScope();
        using var weights = Weights(("b", tensor([1f, 2f])), ("a", tensor([3f])));
        using var back = WeightCodec.Decode(WeightCodec.Encode(weights));
        Assert.Equal(["a", "b"], back.Keys);
        Assert.Equal([1f, 2f], back["b"].data<float>().ToArray());
    }

    [Fact]
    public void Encode_OtherOrder_HasTheSameDigest()
    {
        using var scope = NewDisposeScope();
        using var one = Weights(("b", ones(2)), ("a", zeros(1)));
        using var other = Weights(("a", zeros(1)), ("b", ones(2)));
        Assert.Equal(WeightDigest.Of(WeightCodec.Encode(one)), WeightDigest.Of(WeightCodec.Encode(other)));
    }

    [Fact]
    public void Encode_NotFloat32_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        using var weights = Weights(("steps", ones(1, ScalarType.Int64)));
        Assert.Contains(
            "'steps' must be Float32",
            Assert.Throws<ArgumentException>(() => WeightCodec.Encode(weights)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Decode_NotFloat32_IsRefusedByNameAndLeaksNothing()
    {
        using var half = ones(1, ScalarType.Float16);
        byte[] bytes = SafeTensorsWriter.ToBytes([KeyValuePair.Create("h", half)]);
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
                Assert.Contains(
                    "'h': weights must be F32",
                    Assert.Throws<CheckpointFormatException>(() => WeightCodec.Decode(bytes)).Message,
                    StringComparison.Ordinal
                )
            )
        );
    }

    [Fact]
    public void EncodeAndDecode_LeakNoTensor()
    {
        using var weights = Weights(("w", ones(3)));
        Assert.Equal(0, LiveTensors.Change(() => WeightCodec.Decode(WeightCodec.Encode(weights)).Dispose()));
    }

    [Fact]
    public void Decode_InsideAScope_WeightsOutliveIt()
    {
        using var weights = Weights(("w", ones(3)));
        byte[] bytes = WeightCodec.Encode(weights);
        WeightSet back;
        using (NewDisposeScope())
            back = WeightCodec.Decode(bytes);
        using (back)
            Assert.Equal(3, back.ElementCount);
    }

    [Fact]
    public void DigestOf_KnownText_IsItsPublishedHash() =>
        Assert.Equal(
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            WeightDigest.Of("abc"u8)
        );

    private static WeightSet Weights(params (string Name, Tensor Tensor)[] tensors) =>
        new(tensors.Select(t => KeyValuePair.Create(t.Name, t.Tensor)));
}
