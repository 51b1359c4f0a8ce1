using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

/// <summary>Programs are looked into before libtorch loads them, and asked before they are believed.</summary>
public sealed class TorchScriptArchiveTests : IDisposable
{
    private const string Pair = "Tuple[Tensor, Tensor]";
    private readonly string _path = Path.GetTempFileName();

    [Theory]
    [InlineData("(torch.mean(x, [2, 3]), torch.flatten(x, 1))", Pair)]
    [InlineData("[torch.mean(x, [2, 3]), torch.flatten(x, 1)]", "List[Tensor]")]
    [InlineData("torch.mean(x, [2, 3])", "Tensor")]
    public void Forward_TupleOrList_IsItsFirstTensor(string expression, string type)
    {
        using var teacher = Load(ScriptPrograms.Returning(expression, type));
        using var scope = NewDisposeScope();
        Assert.Equal([1f, 1, 1, 1, 1, 1], teacher.Forward(ones(2, 3, 4, 4)).data<float>().ToArray());
    }

    [Theory]
    [InlineData("{\"out\": torch.mean(x, [2, 3])}", "Dict[str, Tensor]")]
    [InlineData("None", "NoneType")]
    [InlineData("1", "int")]
    public void Forward_NoTensor_IsRefusedInOneLine(string expression, string type)
    {
        using var teacher = Load(ScriptPrograms.Returning(expression, type));
        using var input = ones(2, 3, 4, 4);
        string message = Assert.Throws<CheckpointFormatException>(() => teacher.Forward(input)).Message;
        Assert.Contains("return", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Forward_OtherType_SaysTheInterpretersCause()
    {
        using var teacher = Load(
            ScriptPrograms.Returning("torch.matmul(torch.flatten(x, 1), torch.zeros([48, 3], dtype=7))")
        );
        using var input = ones(2, 3, 4, 4);
        string message = Assert.Throws<CheckpointFormatException>(() => teacher.Forward(input)).Message;
        Assert.Contains("same dtype", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Traceback", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("torch.mean(torch.dropout(x, 0.5, True), [2, 3])", "two answers to the same images")]
    [InlineData("torch.sub(torch.mean(x, [2, 3]), torch.mean(x))", "depends on the other images")]
    public void Examine_ProgramSavedInTrainingMode_IsRefused(string expression, string reason)
    {
        using var teacher = Load(ScriptPrograms.Returning(expression));
        using var scope = NewDisposeScope();
        var input = arange(96, dtype: ScalarType.Float32).reshape(2, 3, 4, 4);
        string message = Assert.Throws<CheckpointFormatException>(() => teacher.Examine(input)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Logits_ProgramThatEndsInSoftmax_AreLogarithms(int images)
    {
        using var plain = Load(ScriptPrograms.Returning(ScriptPrograms.Means));
        using var soft = Load(ScriptPrograms.Returning($"torch.softmax({ScriptPrograms.Means}, 1)"));
        using var scope = NewDisposeScope();
        var input = arange(48 * images, dtype: ScalarType.Float32).reshape(images, 3, 4, 4).div(100);
        plain.Examine(input);
        soft.Examine(input);
        Assert.False(plain.GivesProbabilities);
        Assert.True(soft.GivesProbabilities);
        Assert.True(soft.Logits(input).allclose(plain.Logits(input).log_softmax(1), atol: 1e-6)); // float32
    }

    [Theory]
    [InlineData("torch.from_file(\"/etc/hostname\")", "'torch.from_file'")]
    [InlineData("torch.load(\"a\")", "'torch.load'")]
    [InlineData("ops.image.read_file(\"a\")", "'ops.image.read_file'")]
    [InlineData("ops.aten.from_file(\"a\")", "'ops.aten.from_file'")]
    [InlineData("torch . from_file(\"a\")", "'torch'")]
    [InlineData("getattr(torch, \"from_file\")(\"a\")", "'torch'")]
    [InlineData("x.from_file(\"a\")", "'.from_file()'")]
    [InlineData("torch.relu(x) # \"\n    return torch.from_file(\"a\")", "'torch.from_file'")]
    [InlineData("torch.relu('\\'') + torch.from_file('a')", "'torch.from_file'")]
    public void Load_OperatorThatNoNetworkUses_IsRefusedAndNamed(string expression, string name)
    {
        string message = Refusal(ScriptPrograms.Returning(expression));
        Assert.Contains($"uses {name}, which is none of the operators", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NamespaceUnderAnotherName_IsRefused() =>
        Assert.Contains(
            "uses 'torch'",
            Refusal(ScriptPrograms.Of("    t = torch\n    return t.relu(x)\n")),
            StringComparison.Ordinal
        );

    [Fact]
    public void Load_TextThatNamesAnOperator_IsAText()
    {
        using var teacher = Load(
            ScriptPrograms.Of(
                "    if False:\n      ops.prim.RaiseException(\"torch.load it's\")\n    return torch.relu(x)\n"
            )
        );
        using var scope = NewDisposeScope();
        Assert.Equal([0f, 2], teacher.Forward(tensor(new float[] { -1, 2 })).data<float>().ToArray());
    }

    [Fact]
    public void Load_TooDeep_IsRefused()
    {
        string deep = $"{new string('(', 300)}x{new string(')', 300)}";
        Assert.Contains("at most 200 deep", Refusal(ScriptPrograms.Returning(deep)), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_StorageShorterThanDeclared_IsRefused()
    {
        byte[] pickle = TorchFiles.Pickle($"{TorchFiles.Protocol2}({TorchFiles.Tensor(1000, [1000], [1])}t.");
        byte[] program = ScriptPrograms.Of(
            "    return x\n",
            "Tensor",
            ("constants.pkl", pickle),
            ("constants/0", TorchFiles.Floats(1, 2))
        );
        Assert.Contains("must hold 1000 values of 4 bytes; it has 8 bytes", Refusal(program), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TensorOutsideItsStorage_IsRefused()
    {
        byte[] pickle = TorchFiles.Pickle($"{TorchFiles.Protocol2}({TorchFiles.Tensor(2, [3], [1])}t.");
        byte[] program = ScriptPrograms.Of(
            "    return x\n",
            "Tensor",
            ("constants.pkl", pickle),
            ("constants/0", TorchFiles.Floats(1, 2))
        );
        Assert.Contains("outside the 2 elements", Refusal(program), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_PickleThatEndsEarly_IsRefused() =>
        Assert.Contains(
            "ends inside a value",
            Refusal(ScriptPrograms.Of("    return x\n", "Tensor", ("data.pkl", [0x80, 2, (byte)'}', (byte)'(']))),
            StringComparison.Ordinal
        );

    [Fact]
    public void Load_WebPage_SaysSo() =>
        Assert.Contains("is a web page", Refusal([.. "<html>"u8]), StringComparison.Ordinal);

    public void Dispose() => File.Delete(_path);

    private TorchScriptTeacher Load(byte[] program)
    {
        File.WriteAllBytes(_path, program);
        return TorchScriptTeacher.Load(_path);
    }

    private string Refusal(byte[] program)
    {
        string message = Assert.Throws<CheckpointFormatException>(() => Load(program)).Message;
        Assert.DoesNotContain('\n', message);
        Assert.StartsWith(_path, message, StringComparison.Ordinal);
        return message;
    }
}
