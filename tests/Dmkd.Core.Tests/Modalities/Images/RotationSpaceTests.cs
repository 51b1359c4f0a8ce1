using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modalities.Images;

public sealed class RotationSpaceTests
{
    [Theory]
    [InlineData(8, false, 7, 2)] // a quarter of seven, and the larger share of it, stays upright
    [InlineData(9, false, 9, 2)] // and two destroyed ones
    [InlineData(8, true, 28, 7)]
    [InlineData(9, true, 35, 7)]
    public void Expand_SevenImages_TurnsAndAddsRows(int outputs, bool allRotations, int rows, int upright)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var labels = tensor(new long[] { 0, 1, 1, 0, 1, 0, 1 });
        var batch = new Batch(rand([7, 1, 8, 8], generator: generator), labels) { Positions = arange(7, dtype: int64) };
        var expanded = RotationSpace.OfHead(outputs, allRotations).Expand(batch, generator);
        long[] told = expanded.Labels.data<long>().ToArray();
        Assert.Equal((rows, rows, upright), (expanded.Inputs.shape[0], told.Length, expanded.PlainCount));
        Assert.Equal(labels.data<long>().ToArray()[..upright], told[..upright]);
        Assert.Equal(outputs == 9 ? 8 : 7, told.Max());
        Assert.Equal(
            batch.Inputs.narrow(0, 0, upright).bytes.ToArray(),
            expanded.Inputs.narrow(0, 0, upright).bytes.ToArray()
        );
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    public void OfHead_Outputs_AreThoseOfItsClasses(int outputs) =>
        Assert.Equal(outputs, RotationSpace.OfHead(outputs, allRotations: false).OutputCount(2));
}
