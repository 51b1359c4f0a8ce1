using Dmkd.Core.Modalities.Images;

namespace Dmkd.Core.Tests.Routing;

public sealed class InputDescriptorTests
{
    [Fact]
    public void Describe_FourByFourGrey_IsThePixelsAndTheirDifferences()
    {
        // a white column at the right
        byte[] pixels = [.. Enumerable.Range(0, 16).Select(i => (byte)(i % 4 == 3 ? 255 : 0))];
        double[] descriptor = InputDescriptor.Describe(pixels, 1, 1, 4);
        Assert.Equal(InputDescriptor.Length(1), descriptor.Length);
        double[] Rows(double last, double third) =>
            [.. Enumerable.Repeat<double[]>([0, 0, third, last], 4).SelectMany(row => row)];
        Assert.Equal([.. Rows(1, 0), .. Rows(0, 1), .. new double[16]], descriptor);
    }

    [Fact]
    public void Describe_TwoImages_AreDescribedApart()
    {
        byte[] one = [.. Enumerable.Range(0, 3 * 36).Select(i => (byte)(i * 7))],
            other = [.. one.Reverse()];
        double[] both = InputDescriptor.Describe([.. one, .. other], 2, 3, 6);
        Assert.Equal([.. InputDescriptor.Describe(one, 1, 3, 6), .. InputDescriptor.Describe(other, 1, 3, 6)], both);
        Assert.All(both, value => Assert.InRange(value, 0, 1));
    }

    [Fact]
    public void Describe_WrongNumberOfBytes_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => InputDescriptor.Describe(new byte[5], 1, 1, 4));
}
