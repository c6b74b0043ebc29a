using Qmtl.History.Relational.PostgreSql;

namespace Qmtl.Unit.History;

public sealed class ConnectionSecretTests
{
    [Theory]
    [InlineData("quest", "password=quest;host=x")]
    [InlineData("quest", "user admin:quest@host")]
    [InlineData("quest", "requested quest")]
    [InlineData("quest", "quest")]
    [InlineData("quest", "quest1")]
    [InlineData("quest1", "request1ed")]
    [InlineData("p@ss", "xp@ssy")]
    public void A_password_is_found(string password, string message)
    {
        Assert.True(new ConnectionSecret(password).IsIn(new InvalidOperationException(message)));
        Assert.True(new ConnectionSecret(password).IsIn(new InvalidOperationException("outside", new IOException(message))));
    }

    [Theory]
    [InlineData("quest", "SSL connection requested.")]
    [InlineData("quest", "a request of questdb")]
    [InlineData("quest", "nothing")]
    [InlineData("Quest", "quest")]
    [InlineData("abc", "abc")]
    [InlineData(null, "null")]
    public void A_part_of_a_longer_word_or_a_very_short_text_is_none(string? password, string message) =>
        Assert.False(new ConnectionSecret(password).IsIn(new InvalidOperationException(message)));
}
