using Dmkd.Core.Modalities;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Tests.Preservation;
using Dmkd.Core.Training;
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

    [Theory]
    [InlineData(24, false)]
    [InlineData(23, true)]
    public void Rows_OfManyImages_AreCopiedOutOfTheirSet(long maxHeldBytes, bool isDrawn)
    {
        using var scope = NewDisposeScope();
        var set = new Pictures([.. Enumerable.Range(0, 24).Select(i => (byte)i)], [7, 4, 9, 7, 1, 2]);
        using var images = ImageTensors.From(set, maxHeldBytes);
        using var rows = images.Rows(tensor(new long[] { 4, 0, 4 }));
        Assert.Equal([3, 1, 2, 2], rows.shape);
        Assert.Equal([16, 17, 18, 19, 0, 1, 2, 3, 16, 17, 18, 19], rows.data<byte>().ToArray());
        Assert.Equal(isDrawn ? 12 : 24, set.CopiedBytes);
        Assert.Equal([7L, 4, 9, 7, 1, 2], images.Labels.data<long>().ToArray());
        Assert.Equal(set.Content, images.Inputs.data<byte>().ToArray());
    }

    [Fact]
    public void Draw_OfManyImages_IsTheBatchOfFew()
    {
        using var scope = NewDisposeScope();
        var set = new Pictures([.. Enumerable.Range(0, 24).Select(i => (byte)(i * 9))], [0, 1, 0, 1, 1, 0]);
        using ImageTensors few = ImageTensors.From(set),
            many = ImageTensors.From(set, 0);
        Batch[] batches = [.. new[] { few, many }.Select(Drawn)];
        TensorAssert.Identical(batches[0].Inputs, batches[1].Inputs);
        TensorAssert.Identical(batches[0].Labels, batches[1].Labels);

        static Batch Drawn(ImageTensors images)
        {
            using var generator = new Generator(5);
            return new ImageTrainingData(images).Draw(tensor(new long[] { 5, 1, 2 }), generator, CPU);
        }
    }

    /// <summary>Images of one channel and 2x2 pixels in memory.</summary>
    private sealed class Pictures(byte[] content, int[] labels) : IExamples
    {
        private Pictures? _whole;

        public int Count => labels.Length;

        public InputShape InputShape => new(1, 2, 2);

        public byte[] Content => content;

        public int[] Labels => labels;

        /// <summary>Bytes that were copied out of the set.</summary>
        public long CopiedBytes { get; private set; }

        public IExamples Choose(ReadOnlySpan<int> positions)
        {
            int[] chosen = positions.ToArray();
            return new Pictures(
                [.. chosen.SelectMany(position => content[(4 * position)..(4 * position + 4)])],
                [.. chosen.Select(position => labels[position])]
            )
            {
                _whole = this,
            };
        }

        public void CopyTo(Span<byte> destination)
        {
            (_whole ?? this).CopiedBytes += content.Length;
            content.CopyTo(destination);
        }
    }

    [Fact]
    public void Dispose_LeavesNoTensor() =>
        LeakTests.AssertNoLeak(() =>
        {
            ImageTensors.From(new byte[12], [0], 3, 2).Dispose();
            ImageTensors.PixelTensor(new byte[12], 1, 3, 2).Dispose();
        });
}
