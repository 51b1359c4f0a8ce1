using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using static TorchSharp.torch;
using Convolution = Dmkd.Core.Models.Convolution;

namespace Dmkd.Core.Tests.Devices;

public class ConvolutionGuardTests
{
    private bool _usesOneDnn = true;

    private GuardedLibrary Library => new(() => CacheMendResult.LeftAlone, SwitchOff);

    [Fact]
    public void Examine_RightConvolutions_KeepsOneDnn()
    {
        var report = ConvolutionGuard.Examine(Convolution.Compute, Library);
        Assert.Equal((ConvolutionState.Right, null, true), (report.State, report.Problem, report.UsesOneDnn));
        Assert.True(_usesOneDnn);
    }

    [Fact]
    public void Examine_WrongWithOneDnn_DoesWithout()
    {
        var report = ConvolutionGuard.Examine(WrongWithOneDnn, Library);
        Assert.Equal((ConvolutionState.RightWithoutOneDnn, false), (report.State, report.UsesOneDnn));
        Assert.False(_usesOneDnn);
        Assert.Contains("the output of 1 to 9 channels, 3x3, is 50 % off", report.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void Examine_WrongEitherWay_IsWrong()
    {
        var report = ConvolutionGuard.Examine(
            (x, w, stride, padding, groups) => Convolution.Compute(x, w, stride, padding, groups) + x.sum() / 0,
            Library
        );
        Assert.Equal(ConvolutionState.Wrong, report.State);
        Assert.DoesNotContain('\n', new ConvolutionException(report).Message);
    }

    [Fact]
    public void Examine_WrongAndNoSwitch_IsWrong()
    {
        var library = Library with { DoWithoutOneDnn = () => false };
        Assert.Equal(ConvolutionState.Wrong, ConvolutionGuard.Examine(WrongWithOneDnn, library).State);
    }

    [Fact]
    public void Examine_MendThatHelps_KeepsOneDnn()
    {
        var library = Library with { Mend = Mend };
        var report = ConvolutionGuard.Examine(WrongWithOneDnn, library);
        Assert.Equal((ConvolutionState.Right, CacheMendResult.Mended), (report.State, report.Mend));

        CacheMendResult Mend()
        {
            SwitchOff(); // here: whatever makes them right
            return CacheMendResult.Mended;
        }
    }

    [Theory]
    [InlineData("input gradient")]
    [InlineData("weight gradient")]
    public void FindWrong_WrongGradient_IsFound(string which)
    {
        // Right values; half of the gradient is lost on the way.
        Tensor Half(Tensor t) => t.detach() * 0.5 + t * 0.5;
        string? problem = ConvolutionTest.FindWrong(
            (x, w, stride, padding, groups) =>
                x.dtype == ScalarType.Float64
                    ? Convolution.Compute(x, w, stride, padding, groups)
                    : Convolution.Compute(
                        which == "input gradient" ? Half(x) : x,
                        which == "weight gradient" ? Half(w) : w,
                        stride,
                        padding,
                        groups
                    )
        );
        Assert.StartsWith($"the {which} of 6 to 42 channels, 1x1, is 50", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Require_ThisMachine_IsRightAndAskedOnce() => Assert.Same(Convolution.Require(), Convolution.Found);

    private Tensor WrongWithOneDnn(Tensor input, Tensor weight, int stride, int padding, int groups)
    {
        var result = Convolution.Compute(input, weight, stride, padding, groups);
        bool isWrong = _usesOneDnn && input.dtype == ScalarType.Float32 && input.shape[1] == 1;
        return isWrong ? result * 1.5 : result;
    }

    private bool SwitchOff()
    {
        _usesOneDnn = false;
        return true;
    }
}
