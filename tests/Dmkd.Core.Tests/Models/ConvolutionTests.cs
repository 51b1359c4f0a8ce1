using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using TorchSharp;
using static TorchSharp.torch;
using Convolution = Dmkd.Core.Models.Convolution;

namespace Dmkd.Core.Tests.Models;

public class ConvolutionTests
{
    private const int MaxChannels = 70;

    public ConvolutionTests() => Convolution.Require();

    public static TheoryData<int> TestedShapes => [.. Enumerable.Range(0, ConvolutionTest.Shapes.Count)];

    [Theory]
    [MemberData(nameof(TestedShapes))]
    public void Compute_ShapeOfTheTable_IsAsInDoublePrecision(int index) =>
        Assert.Null(ConvolutionTest.FindWrong(Convolution.Compute, ConvolutionTest.Shapes[index], seed: 7));

    [Fact]
    public async Task Compute_DrawnWidths_AreAsInDoublePrecision()
    {
        using DeviceWorker lane = new(lanes: 1); // one torch thread
        var problems = await lane.RunAsync(
            _ =>
                Draw(150)
                    .Select((shape, draw) => ConvolutionTest.FindWrong(Convolution.Compute, shape, (ulong)draw))
                    .ToList(),
            TestContext.Current.CancellationToken
        );
        Assert.Empty(problems.OfType<string>());
    }

    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(5, 1, 1)]
    [InlineData(5, 1, 8)]
    [InlineData(5, 8, 8)]
    public void ChannelsLast_AnyShape_HasItsStridesAndValues(int channels, int height, int width)
    {
        using var scope = NewDisposeScope();
        var map = arange(2L * channels * height * width).reshape(2, channels, height, width);
        var last = Convolution.ChannelsLast(map);
        Assert.Equal([height * width * channels, 1, width * channels, channels], last.stride());
        Assert.True(last.equal(map).all().item<bool>());
        Assert.Equal(last.stride(), Convolution.ChannelsLast(last).stride());
    }

    [Fact]
    public void Forward_OneChannelImage_LeavesAChannelsLastMap()
    {
        using var scope = NewDisposeScope();
        using Convolution convolution = new(new ConvolutionShape(1, 6, Kernel: 3) { Padding = 1 }, bias: false);
        var map = convolution.forward(rand(2, 1, 8, 8));
        Assert.Equal([6 * 64, 1, 6 * 8, 6], map.stride());
    }

    [Fact]
    public void Forward_Strided1x1_IsThatOfEverySecondPixel()
    {
        using var scope = NewDisposeScope();
        using Convolution strided = Filled(new ConvolutionShape(9, 5, Kernel: 1) { Stride = 2 });
        var input = rand(3, 9, 7, 7);
        var expected = nn.functional.conv2d(
            input.to(float64),
            strided.Weight.to(float64),
            strided.Bias!.to(float64),
            strides: [2, 2]
        );
        // float32 sums of nine terms
        Assert.True(strided.forward(input).to(float64).allclose(expected, rtol: 1e-4, atol: 1e-5));
        Assert.Equal([3, 5, 4, 4], expected.shape);
    }

    [Fact]
    public void StateDict_Layout_IsThatOfTheUsualModule()
    {
        using var scope = NewDisposeScope();
        using Convolution convolution = Filled(new ConvolutionShape(6, 4, Kernel: 3) { Groups = 2 });
        var state = convolution.state_dict();
        Assert.Equal(["weight", "bias"], state.Keys);
        Assert.Equal([4, 3, 3, 3], state["weight"].shape);
        Assert.True(state["weight"].is_contiguous());
    }

    [Fact]
    public void ToBytes_ChannelsLastTensor_WritesTheLogicalOrder()
    {
        using var scope = NewDisposeScope();
        var plain = rand(4, 3, 5, 5);
        var last = Convolution.ChannelsLast(plain);
        Assert.Equal(
            SafeTensorsWriter.ToBytes([KeyValuePair.Create("w", plain)]),
            SafeTensorsWriter.ToBytes([KeyValuePair.Create("w", last)])
        );
    }

    [Fact]
    public void Forward_AfterMovingToDoubles_UsesTheMovedWeights()
    {
        using var scope = NewDisposeScope();
        using Convolution convolution = Filled(new ConvolutionShape(3, 4, Kernel: 3));
        convolution.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, convolution.forward(rand([1, 3, 5, 5], dtype: ScalarType.Float64)).dtype);
    }

    [Fact]
    public void Forward_MadeInAScopeThatEnded_StillHasItsWeights()
    {
        Convolution convolution;
        using (NewDisposeScope())
            convolution = Filled(new ConvolutionShape(3, 4, Kernel: 3));
        using (NewDisposeScope())
            Assert.Equal([1, 4, 3, 3], convolution.forward(rand(1, 3, 5, 5)).shape);
        convolution.Dispose();
    }

    [Fact]
    public void Forward_LeaksNoTensor()
    {
        using Convolution convolution = Filled(new ConvolutionShape(3, 4, Kernel: 3));
        using var input = rand(1, 3, 5, 5);
        Assert.Equal(0, LiveTensors.Change(() => convolution.forward(input).Dispose()));
    }

    private static Convolution Filled(ConvolutionShape shape)
    {
        Convolution convolution = new(shape, bias: true);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Generator generator = new(1);
        foreach (var parameter in convolution.parameters())
            parameter.copy_(randn(parameter.shape, generator: generator));
        return convolution;
    }

    private static IEnumerable<TestedShape> Draw(int count)
    {
        Random random = new(5);
        int[] kernels = [1, 1, 3, 3, 3, 5];
        for (int i = 0; i < count; i++)
        {
            int groups = random.Next(6) == 0 ? random.Next(2, 5) : 1;
            int widest = MaxChannels / groups;
            int inputs = groups * random.Next(1, widest + 1),
                outputs = groups * random.Next(1, widest + 1);
            yield return new TestedShape(inputs, outputs, kernels[random.Next(kernels.Length)])
            {
                Groups = groups,
                Stride = random.Next(4) == 0 ? 2 : 1,
                Size = random.Next(5, 12),
                Batch = random.Next(2) == 0 ? 3 : 16,
            };
        }
    }
}
