using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Dmkd.Hosting.Security;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Session;

namespace Dmkd.Grains.Tests.Security;

/// <summary>Messages are written here by Orleans' own serializer; none is large or deep enough to harm anybody.</summary>
public sealed class WireCheckTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    [Fact]
    public void BodyProblem_WhatClientsSend_IsNone()
    {
        object[] sent =
        [
            Examples.Route(),
            Examples.Submission(),
            Examples.TinySettings(),
            "a text",
            new byte[100_000],
            new[] { 1, 2, 3 },
        ];
        Assert.All(sent, message => Assert.Null(WireCheck.BodyProblem(new(Body(message)))));
    }

    [Fact]
    public void BodyProblem_AsDeepAsMayBe_IsNone() =>
        Assert.Null(WireCheck.BodyProblem(new(Body(Nested(WireCheck.MaxDepth)))));

    [Fact]
    public void BodyProblem_OneDeeper_SaysSo() =>
        Assert.Equal(
            "its values lie more than 32 deep in one another",
            WireCheck.BodyProblem(new(Body(Nested(WireCheck.MaxDepth + 1))))
        );

    [Fact]
    public void BodyProblem_MoreValuesThanMayBe_SaysSo() =>
        Assert.Equal(
            "its body has more than 1048576 values",
            WireCheck.BodyProblem(new(Body(new object?[WireCheck.MaxFields])))
        );

    [Fact]
    public void BodyProblem_TypeOrException_IsRefused()
    {
        object[] refused = [new object[] { typeof(string) }, new InvalidOperationException("no")];
        foreach (object message in refused)
            Assert.Equal(
                "it holds a type or an exception, which no call takes",
                WireCheck.BodyProblem(new(Body(message)))
            );
    }

    [Fact]
    public void BodyProblem_CutAnywhere_IsRefused()
    {
        byte[] whole = Body(Examples.Submission());
        foreach (int length in Enumerable.Range(1, whole.Length - 1))
            Assert.NotNull(WireCheck.BodyProblem(new(whole.AsMemory(0, length))));
    }

    [Theory]
    [InlineData(0, 1, "a header has 1 to 12288 bytes, not 0")]
    [InlineData(12_289, 1, "a header has 1 to 12288 bytes, not 12289")]
    [InlineData(1, -1, "a body has 0 to 8388608 bytes, not -1")]
    [InlineData(1, 8_388_609, "a body has 0 to 8388608 bytes, not 8388609")]
    [InlineData(12_288, 8_388_608, null)]
    public void LengthProblem_NamesLimitAndValue(int header, int body, string? problem) =>
        Assert.Equal(problem, WireCheck.LengthProblem(header, body));

    [Fact]
    public void HeaderProblem_TokenAndTrace_IsNone() =>
        Assert.Null(WireCheck.HeaderProblem(new(Header((CallerToken.Key, "token"), ("traceparent", "00-1-2-01")))));

    [Fact]
    public void HeaderProblem_AnotherEntry_NamesIt() =>
        Assert.Equal(
            "its context may not hold 'mine\\u000A'",
            WireCheck.HeaderProblem(new(Header(("mine\n", "text"))))
        );

    [Fact]
    public void HeaderProblem_EntryThatIsNoText_NamesIt()
    {
        foreach (object value in (object[])[7, new object[] { "text" }, new byte[3]])
            Assert.Equal(
                "'traceparent' of its context must be a text",
                WireCheck.HeaderProblem(new(Header(("traceparent", value))))
            );
    }

    [Fact]
    public void HeaderProblem_PlacesOfGrains_IsRefused() =>
        Assert.Equal(
            "it tells where grains are, which is for silos",
            WireCheck.HeaderProblem(new(Header(flags: 1 << 7)))
        );

    [Fact]
    public void HeaderProblem_LongId_NamesTheLimit()
    {
        byte[] header = Header(flags: 0, idBytes: 1025);
        Assert.Equal("an id in its header has at most 1024 bytes, not 1025", WireCheck.HeaderProblem(new(header)));
        Assert.Null(WireCheck.HeaderProblem(new(Header(flags: 0, idBytes: 1024))));
    }

    [Fact]
    public async Task Read_GoodMessagesInPieces_PassesThemUnchanged()
    {
        byte[] sent = [.. Greeting(), .. Message(Examples.Submission()), .. Message("again")];
        var pipe = new Pipe();
        var input = new CheckedInput(pipe.Reader);
        int greeted = Greeting().Length;
        foreach (byte[] piece in sent.Chunk(7))
        {
            await pipe.Writer.WriteAsync(piece, TestContext.Current.CancellationToken);
            var read = await input.ReadAsync(TestContext.Current.CancellationToken);
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End); // as a reader that waits for more
        }

        await pipe.Writer.CompleteAsync();
        var whole = await input.ReadAsync(TestContext.Current.CancellationToken);
        input.AdvanceTo(whole.Buffer.GetPosition(greeted));
        var rest = await input.ReadAsync(TestContext.Current.CancellationToken);
        byte[] came = [.. sent[..greeted], .. rest.Buffer.ToArray()];
        Assert.Null(input.Problem);
        Assert.Equal(sent, came);
    }

    [Fact]
    public async Task Read_BadMessageAfterGoodOnes_EndsBeforeIt()
    {
        byte[] good = [.. Greeting(), .. Message("fine")];
        var pipe = new Pipe();
        var input = new CheckedInput(pipe.Reader);
        await pipe.Writer.WriteAsync(good, TestContext.Current.CancellationToken);
        var first = await input.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(good, first.Buffer.ToArray());
        input.AdvanceTo(first.Buffer.End);
        await pipe.Writer.WriteAsync(Message(Nested(WireCheck.MaxDepth + 1)), TestContext.Current.CancellationToken);
        var second = await input.ReadAsync(TestContext.Current.CancellationToken);
        Assert.True(second.IsCompleted);
        Assert.True(second.Buffer.IsEmpty);
        Assert.Contains("32 deep", input.Problem, StringComparison.Ordinal);
    }

    public void Dispose() => _services.Dispose();

    /// <summary>Arrays in one another, with a text in the innermost.</summary>
    private static object Nested(int depth)
    {
        object value = "text";
        for (int i = 0; i < depth; i++)
            value = new[] { value };
        return value;
    }

    private byte[] Body(object message) => _services.GetRequiredService<Serializer<object>>().SerializeToArray(message);

    private byte[] Greeting() => [.. BitConverter.GetBytes(Body("hello").Length), .. Body("hello")];

    private byte[] Message(object message)
    {
        byte[] header = Header((CallerToken.Key, "token")),
            body = Body(message),
            lengths = new byte[WireCheck.LengthBytes];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, header.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(sizeof(int)), body.Length);
        return [.. lengths, .. header, .. body];
    }

    private byte[] Header(params (string Key, object Value)[] context) => Header(1 << 4, idBytes: 0, context);

    private byte[] Header(uint flags, int idBytes = 0, params (string Key, object Value)[] context)
    {
        using var session = _services.GetRequiredService<SerializerSessionPool>().GetSession();
        var bytes = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(bytes, session);
        writer.WriteUInt32(flags);
        writer.WriteInt64(1);
        writer.WriteVarUInt32((uint)idBytes);
        if (idBytes > 0)
            writer.Write(new byte[sizeof(int) + idBytes]);
        for (int part = 1; part < 6; part++)
            writer.WriteVarUInt32(0); // the other addresses
        writer.WriteVarUInt32((uint)context.Length);
        writer.Commit();
        foreach (var (key, value) in context)
        {
            var text = Writer.Create(bytes, session);
            byte[] name = Encoding.UTF8.GetBytes(key);
            text.WriteVarUInt32((uint)name.Length + 1);
            text.Write(name);
            text.Write(Body(value));
            text.Commit();
        }

        return bytes.WrittenSpan.ToArray();
    }
}
