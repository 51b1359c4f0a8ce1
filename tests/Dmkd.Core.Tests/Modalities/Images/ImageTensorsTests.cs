using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modalities.Images;

public sealed class ImageTensorsTests
{
    [Fact]
    public void From_Bytes_KeepsTheLayout()
    {
        byte[] bytes = [.. Enumerable.Range(0, 2 * 3 * 2 * 2).Select(i => (byte)(i * 10))];
        using var images = ImageTensors.From(bytes, [7, 4], channels: 3, size: 2);
        Assert.Equal([2, 3, 2, 2], images.Inputs.shape);
        Assert.Equal(ScalarType.Byte, images.Inputs.dtype);
        using var value = images.Inputs[1, 2, 0, 1]; // ((1·3 + 2)·2 + 0)·2 + 1 = 21
        Assert.Equal(210, value.item<byte>());
        Assert.Equal([7L, 4L], images.Labels.data<long>().ToArray());
        Assert.Equal(2, images.Count);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void From_WrongNumberOfBytes_ThrowsNamingBothNumbers(int length)
    {
        string message = Assert
            .Throws<ArgumentException>(() => ImageTensors.From(new byte[length], [0], channels: 3, size: 2))
            .Message;
        Assert.Contains("1 images of 3x2x2 need 12 bytes", message, StringComparison.Ordinal);
        Assert.Contains($"not {length}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void PixelTensor_WrongNumberOfBytes_Throws() =>
        Assert.Throws<ArgumentException>(() => ImageTensors.PixelTensor(new byte[5], 1, 1, 2));

    [Fact]
    public void Normalise_Bytes_AreCentredAndScaled()
    {
        using var scope = NewDisposeScope();
        using var pixels = tensor(new byte[] { 0, 255, 191 });
        TensorAssert.Close(tensor(new[] { -2f, 2f, 63.5f / 63.75f }), ImageTensors.Normalise(pixels), 1e-6); // fp32
        Assert.Equal(ScalarType.Byte, pixels.dtype); // borrowed
    }

    [Fact]
    public void Dispose_LeavesNoTensor() =>
        LeakTests.AssertNoLeak(() =>
        {
            ImageTensors.From(new byte[12], [0], 3, 2).Dispose();
            ImageTensors.PixelTensor(new byte[12], 1, 3, 2).Dispose();
        });
}
