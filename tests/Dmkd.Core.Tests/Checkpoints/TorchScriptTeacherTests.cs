using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class TorchScriptTeacherTests
{
    [Fact]
    public void Forward_LinearAndRelu_IsTheProgramsOutput()
    {
        using var teacher = TorchScriptTeacher.Load(TorchFiles.Fixture("script.pt"));
        using var scope = NewDisposeScope();
        var output = teacher.Forward(
            tensor(
                new float[,]
                {
                    { 1, 2, 3 },
                    { -4, 5, 1 },
                }
            )
        );
        Assert.Equal([1.5f, 0, 0, 4], output.data<float>().ToArray()); // rows: relu(x0 + 0.5), relu(x1 - x2)
    }

    [Fact]
    public void Forward_ThenBackward_GivesGradientsOfItsParameters()
    {
        using var teacher = TorchScriptTeacher.Load(TorchFiles.Fixture("script.pt"));
        using var scope = NewDisposeScope();
        teacher
            .Forward(
                tensor(
                    new float[,]
                    {
                        { 1, 2, 3 },
                    }
                )
            )
            .sum()
            .backward();
        var gradients = teacher.Parameters.ToDictionary(parameter => parameter.Key, parameter => parameter.Value.grad!);
        Assert.Equal([1f, 2, 3, 0, 0, 0], gradients["weight"].data<float>().ToArray());
        Assert.Equal([1f, 0], gradients["bias"].data<float>().ToArray());
    }

    [Fact]
    public void Forward_WrongShape_IsRefusedOnOneLine()
    {
        using var teacher = TorchScriptTeacher.Load(TorchFiles.Fixture("script.pt"));
        using var scope = NewDisposeScope();
        var error = Assert.Throws<CheckpointFormatException>(() => teacher.Forward(ones(1, 5)));
        Assert.Contains("fails on an input of shape [1, 5]", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("nested.pt", "has no constants.pkl")]
    [InlineData("legacy.th", "is no readable zip archive")]
    public void Load_StateDict_IsRefused(string file, string reason) =>
        Assert.Contains(
            reason,
            Assert.Throws<CheckpointFormatException>(() => TorchScriptTeacher.Load(TorchFiles.Fixture(file))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Load_ProgramThatDoesNotParse_IsRefusedOnOneLine()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] broken = File.ReadAllBytes(TorchFiles.Fixture("script.pt"));
            broken.AsSpan()[broken.AsSpan().IndexOf("def forward"u8)] = (byte)'?';
            File.WriteAllBytes(path, broken);
            Assert.DoesNotContain(
                '\n',
                Assert.Throws<CheckpointFormatException>(() => TorchScriptTeacher.Load(path)).Message
            );
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Forward_LeaksNoTensor()
    {
        using var teacher = TorchScriptTeacher.Load(TorchFiles.Fixture("script.pt"));
        using var input = ones(1, 3);
        Assert.Equal(0, LiveTensors.Change(() => teacher.Forward(input).Dispose()));
    }
}
